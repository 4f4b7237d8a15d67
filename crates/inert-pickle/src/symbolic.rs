//! Reading what Python would execute: names, calls, instances. Nothing is executed;
//! calls that merely spell out plain data at a low protocol become that data.

use super::Error;
use super::arena::{CALLED, How, Id, NOTHING, Node, Span};
use super::machine::Machine;
use super::opcode as op;
use super::wtf8;

/// Bytes in the name of a module, or of a class with those around it.
const LONGEST_NAME: u32 = 1024;

impl Machine<'_> {
    /// Adds to what is done to the object on top of the stack.
    pub(super) fn change(&mut self, links: &[Id; 2]) -> Result<(), Error> {
        let target = self.top()?;
        let Node::Object(how, seq) = self.arena.node(target) else {
            return self.cursor.malformed("a change to what is not an object");
        };
        let seq = self.arena.extend(seq, links)?;
        self.arena.nodes[target as usize] = Node::Object(how, seq);
        Ok(())
    }

    /// POP. A call that was made for its effect, `state_setter(object, state)` right
    /// above the object, belongs to that object; anything else is not needed.
    pub(super) fn discard(&mut self, last: u8) -> Result<(), Error> {
        if self.pop_bare_mark() {
            return Ok(());
        }
        let popped = self.pop()?;
        if last != op::REDUCE {
            return Ok(());
        }
        let (Node::Object(How::Reduce, call), Ok(object)) = (self.arena.node(popped), self.top())
        else {
            return Ok(());
        };
        let Node::Tuple(args) = self.arena.node(self.arena.links(call)[1]) else {
            return Ok(());
        };
        let is_object = matches!(self.arena.node(object), Node::Object(..));
        if is_object && self.arena.links(args).first() == Some(&object) {
            self.change(&[popped, CALLED])?;
        }
        Ok(())
    }

    pub(super) fn global(&mut self) -> Result<(), Error> {
        let (module, name) = (self.cursor.line()?, self.cursor.line()?);
        let module = self.arena.add(Node::Str(module))?;
        let name = self.arena.add(Node::Str(name))?;
        self.push_global(module, name)
    }

    pub(super) fn stack_global(&mut self) -> Result<(), Error> {
        let name = self.pop()?;
        let module = self.pop()?;
        self.push_global(module, name)
    }

    fn push_global(&mut self, module: Id, name: Id) -> Result<(), Error> {
        for id in [module, name] {
            if !self.is_name(id) {
                return self
                    .cursor
                    .malformed("a global whose name is not text of at most 1024 bytes");
            }
        }
        self.push(Node::Global {
            old: self.old,
            module,
            name,
        })
    }

    /// Whether this is text of one line, and no longer than a name. One text may name any
    /// number of globals: so what was found is kept.
    fn is_name(&mut self, id: Id) -> bool {
        let index = id as usize;
        if self.names.get(index) == Some(&true) {
            return true;
        }
        let Node::Str(span) = self.arena.node(id) else {
            return false;
        };
        if span.len > LONGEST_NAME {
            return false;
        }
        let bytes = self.arena.bytes(span);
        let is_name = !bytes.contains(&b'\n') && std::str::from_utf8(bytes).is_ok();
        if is_name {
            let len = self.names.len().max(index + 1);
            self.names.resize(len, false);
            self.names[index] = true;
        }
        is_name
    }

    pub(super) fn new_object(&mut self, how: How) -> Result<(), Error> {
        let kwargs = if how == How::NewEx {
            self.pop()?
        } else {
            NOTHING
        };
        let (args, class) = (self.pop()?, self.pop()?);
        self.push_object(how, [class, args, kwargs])
    }

    pub(super) fn reduce(&mut self) -> Result<(), Error> {
        let (args, callable) = (self.pop()?, self.pop()?);
        if let Some(class) = self.reconstructed(callable, args) {
            return self.push_bare_instance(class);
        }
        match self.plain(callable, args)? {
            Some(node) => {
                // Perhaps a set: it counts as one more container.
                self.containers += 1;
                self.push(node)
            }
            None => self.push_object(How::Reduce, [callable, args, NOTHING]),
        }
    }

    pub(super) fn push_object(&mut self, how: How, links: [Id; 3]) -> Result<(), Error> {
        let [callable, args, kwargs] = links;
        let known = matches!(
            self.arena.node(callable),
            Node::Global { .. } | Node::Object(..)
        );
        if !known || !matches!(self.arena.node(args), Node::Tuple(_)) {
            return self.cursor.malformed("a call of what cannot be called");
        }
        if kwargs != NOTHING && !matches!(self.arena.node(kwargs), Node::Dict(_)) {
            return self
                .cursor
                .malformed("keyword arguments that are not a dict");
        }
        self.containers += 1;
        let seq = self.arena.add_links(&links)?;
        self.push(Node::Object(how, seq))
    }

    /// The plain value that a call spells out, as CPython writes set, frozenset,
    /// bytearray and bytes at protocols that have no opcode for them. What is shared with
    /// the call's arguments is bounded by the message's length; beyond that, calls stay.
    fn plain(&mut self, callable: Id, args: Id) -> Result<Option<Node>, Error> {
        let (Node::Global { module, name, .. }, Node::Tuple(args)) =
            (self.arena.node(callable), self.arena.node(args))
        else {
            return Ok(None);
        };
        let given = match *self.arena.links(args) {
            [] => [Node::None; 2],
            [first] => [self.arena.node(first), Node::None],
            [first, second] => [self.arena.node(first), self.arena.node(second)],
            _ => return Ok(None),
        };
        const NO_BYTES: Span = Span { start: 0, len: 0 };
        let name = match self.arena.plain_str(module) {
            "builtins" | "__builtin__" | "_codecs" => self.arena.plain_str(name),
            _ => return Ok(None),
        };
        let (node, cost) = match (name, args.len, given) {
            ("set", 1, [Node::List(seq), _]) => (Node::Set(seq.snapshot()), seq.len),
            ("frozenset", 1, [Node::List(seq), _]) => (Node::FrozenSet(seq.snapshot()), seq.len),
            ("bytes", 0, _) => (Node::Bytes(NO_BYTES), 0),
            ("bytearray", 0, _) => (Node::ByteArray(NO_BYTES), 0),
            ("bytearray", 1, [Node::Bytes(span), _]) => (Node::ByteArray(span), span.len),
            ("bytearray", 2, [Node::Str(text), Node::Str(codec)])
                if self.arena.bytes(codec) == b"latin-1" =>
            {
                return Ok(self.latin1(text)?.map(Node::ByteArray));
            }
            ("encode", 2, [Node::Str(text), Node::Str(codec)])
                if self.arena.bytes(codec) == b"latin1" =>
            {
                return Ok(self.latin1(text)?.map(Node::Bytes));
            }
            _ => return Ok(None),
        };
        Ok(self.afford(cost).then_some(node))
    }

    fn latin1(&mut self, text: Span) -> Result<Option<Span>, Error> {
        if !self.afford(text.len) {
            return Ok(None);
        }
        if self.arena.bytes(text).is_ascii() {
            return Ok(Some(text));
        }
        match wtf8::to_latin1(self.arena.bytes(text)) {
            Some(bytes) => self.arena.add_text(&bytes).map(Some),
            None => Ok(None),
        }
    }

    fn afford(&mut self, len: u32) -> bool {
        match self.foldable.checked_sub(len as usize) {
            Some(rest) => {
                self.foldable = rest;
                true
            }
            None => false,
        }
    }
}
