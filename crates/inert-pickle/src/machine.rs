//! The stack machine that a pickle is a program for: values, marks, the memo.

use super::Error;
use super::arena::{APPENDED, Arena, Id, Node, Seq};
use super::cursor::Cursor;

/// The state of one reading.
pub(super) struct Machine<'r> {
    pub(super) arena: Arena,
    pub(super) cursor: Cursor<'r>,
    /// The pickle has Python 2's names.
    pub(super) old: bool,
    pub(super) stack: &'r mut Vec<Id>,
    pub(super) marks: &'r mut Vec<usize>,
    pub(super) memo: &'r mut Vec<Id>,
    /// Which nodes are text that a global may have as a name: looked at once.
    pub(super) names: &'r mut Vec<bool>,
    /// Height of the stack at the last mark: nothing is popped below it.
    pub(super) fence: usize,
    /// Tuples, lists and so on so far: nothing is nested deeper than there are of these.
    pub(super) containers: usize,
    /// How much may still be shared between a call and the plain value it stands for.
    pub(super) foldable: usize,
}

impl Machine<'_> {
    pub(super) fn push(&mut self, node: Node) -> Result<(), Error> {
        let id = self.arena.add(node)?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn top(&self) -> Result<Id, Error> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.fence => Ok(id),
            _ => self.cursor.malformed("too few values"),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Id, Error> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Makes a container of the last `count` values.
    pub(super) fn collect(&mut self, count: usize, node: fn(Seq) -> Node) -> Result<(), Error> {
        if self.stack.len() - self.fence < count {
            return self.cursor.malformed("too few values");
        }
        let first = self.stack.len() - count;
        self.containers += 1;
        let seq = if count == 0 {
            Seq::EMPTY
        } else {
            self.arena.add_links(&self.stack[first..])?
        };
        self.stack.truncate(first);
        self.push(node(seq))
    }

    /// What lies under the last `count` values, and where these begin.
    pub(super) fn target(&self, count: usize) -> Result<(Id, usize), Error> {
        let first = self.stack.len().checked_sub(count);
        match first {
            Some(first) if first > self.fence => Ok((self.stack[first - 1], first)),
            _ => self.cursor.malformed("too few values"),
        }
    }

    pub(super) fn set_items(&mut self, count: usize) -> Result<(), Error> {
        let (target, first) = self.target(count)?;
        if !count.is_multiple_of(2) {
            return self.cursor.malformed("a key without a value");
        }
        match self.arena.node(target) {
            Node::Dict(seq) => {
                let seq = self.arena.extend(seq, &self.stack[first..])?;
                self.arena.nodes[target as usize] = Node::Dict(seq);
            }
            Node::Object(how, seq) => {
                let seq = self.arena.extend(seq, &self.stack[first..])?;
                self.arena.nodes[target as usize] = Node::Object(how, seq);
            }
            _ => return self.cursor.malformed("SETITEM on what is not a dict"),
        }
        self.stack.truncate(first);
        Ok(())
    }

    pub(super) fn add_items(&mut self, count: usize) -> Result<(), Error> {
        let (target, first) = self.target(count)?;
        let Node::Set(seq) = self.arena.node(target) else {
            return self.cursor.malformed("ADDITEMS to what is not a set");
        };
        let seq = self.arena.extend(seq, &self.stack[first..])?;
        self.arena.nodes[target as usize] = Node::Set(seq);
        self.stack.truncate(first);
        Ok(())
    }

    /// Stores the top of the stack. No sane pickle stores at an index beyond the count of
    /// its opcodes so far, so an index cannot ask for memory.
    pub(super) fn store(&mut self, index: usize, opcodes: usize) -> Result<(), Error> {
        let top = self.top()?;
        if index > opcodes {
            return self.cursor.malformed("a memo index out of all proportion");
        }
        if index >= self.memo.len() {
            self.memo.resize(index + 1, Id::MAX);
        }
        self.memo[index] = top;
        Ok(())
    }

    pub(super) fn fetch(&mut self, index: u32) -> Result<(), Error> {
        match self.memo.get(index as usize) {
            Some(&id) if id != Id::MAX => {
                self.arena.share(id);
                self.stack.push(id);
                Ok(())
            }
            _ => Err(Error::Memo {
                at: self.cursor.at(),
                index,
            }),
        }
    }

    /// How many values lie above the last mark, which is taken away.
    pub(super) fn since_mark(&mut self) -> Result<usize, Error> {
        let Some(mark) = self.marks.pop() else {
            return self.cursor.malformed("no MARK to go back to");
        };
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(self.stack.len() - mark)
    }

    /// Takes away the mark on top of the stack, if that is what is on top.
    pub(super) fn pop_bare_mark(&mut self) -> bool {
        let bare = self.marks.last() == Some(&self.stack.len());
        if bare {
            self.marks.pop();
            self.fence = self.marks.last().copied().unwrap_or(0);
        }
        bare
    }

    pub(super) fn append(&mut self, count: usize) -> Result<(), Error> {
        let (target, first) = self.target(count)?;
        match self.arena.node(target) {
            Node::List(seq) => {
                let seq = self.arena.extend(seq, &self.stack[first..])?;
                self.arena.nodes[target as usize] = Node::List(seq);
                self.stack.truncate(first);
            }
            Node::Object(..) => {
                let values: Vec<Id> = self.stack.drain(first..).collect();
                for value in values {
                    self.change(&[value, APPENDED])?;
                }
            }
            _ => return self.cursor.malformed("APPEND to what is not a list"),
        }
        Ok(())
    }
}
