//! Reads a pickle into an arena: one pass over the bytes, one small step an opcode.

use std::sync::Arc;

use super::arena::{Arena, BUILT, How, Id, Node, Span, number};
use super::cursor::Cursor;
use super::long::minimal;
use super::machine::Machine;
use super::opcode as op;
use super::{Error, Limits, Value, wtf8};

/// Entries of working memory that are kept for the next message.
const KEPT: usize = 1024;

/// A reader that keeps its working memory from one message to the next.
///
/// ```
/// use inert_pickle::{Limits, Reader};
///
/// let mut reader = Reader::new(Limits::default());
/// for (message, shown) in [(&b"I12\n."[..], "12"), (b"\x80\x02K\x01K\x02\x86.", "(1, 2)")] {
///     assert_eq!(reader.read(message)?.repr(75), shown);
/// }
/// # Ok::<(), inert_pickle::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    limits: Limits,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: Vec<Id>,
    names: Vec<bool>,
}

impl Reader {
    /// A reader with these limits.
    pub fn new(limits: Limits) -> Reader {
        Reader {
            limits,
            ..Reader::default()
        }
    }

    /// Reads one message, all of it.
    ///
    /// # Errors
    /// Whatever is wrong with the message or beyond the limits.
    pub fn read(&mut self, message: &[u8]) -> Result<Value, Error> {
        let limit = self.limits.message.min(u32::MAX as usize);
        if message.len() > limit {
            return Err(Error::Size {
                size: message.len(),
                limit,
            });
        }
        // Protocols 0 and 1 do not say so.
        let (protocol, start) = match message {
            [op::PROTO, protocol @ 0..=5, ..] => (*protocol, 2),
            [op::PROTO, protocol, ..] => return Err(Error::Protocol(*protocol)),
            [] | [op::PROTO] => return Err(Error::Truncated { at: message.len() }),
            _ => (0, 0),
        };
        let mut machine = Machine {
            arena: Arena::over(message, (message.len() / 4 + 4).min(32)),
            cursor: Cursor::new(message, start),
            old: protocol <= 2,
            stack: &mut self.stack,
            marks: &mut self.marks,
            memo: &mut self.memo,
            names: &mut self.names,
            fence: 0,
            containers: 0,
            // A bytearray at protocol 2 is a call of a call: text, bytes, bytearray.
            foldable: 2 * message.len(),
        };
        let read = machine.run(self.limits.parts);
        let (arena, containers) = (machine.arena, machine.containers);
        for scratch in [&mut self.stack, &mut self.memo] {
            scratch.clear();
            scratch.shrink_to(KEPT);
        }
        self.marks.clear();
        self.marks.shrink_to(KEPT);
        self.names.clear();
        self.names.shrink_to(KEPT);
        let root = read?;
        let limit = self.limits.depth;
        // A global's names, or an atom, are one level below the last container.
        if containers + 2 > limit && arena.depth(root, limit).is_none() {
            return Err(Error::Depth { limit });
        }
        Ok(Value::at(&Arc::new(arena), root))
    }
}

/// Reads one message with a reader of its own.
///
/// # Errors
/// As [`Reader::read`].
pub fn read(message: &[u8], limits: &Limits) -> Result<Value, Error> {
    Reader::new(*limits).read(message)
}

/// The protocol that a pickle states: 0 when it states none.
pub fn protocol_of(message: &[u8]) -> u8 {
    match message {
        [op::PROTO, protocol, ..] => *protocol,
        _ => 0,
    }
}

impl Machine<'_> {
    fn run(&mut self, limit: usize) -> Result<Id, Error> {
        let mut last = op::PROTO;
        for count in 0..limit {
            let opcode = self.cursor.opcode()?;
            match opcode {
                op::STOP => return self.stop(),
                op::POP => self.discard(last)?,
                op::MEMOIZE => self.store(self.memo.len(), count)?,
                op::BINPUT => {
                    let index = self.cursor.u8()?;
                    self.store(usize::from(index), count)?;
                }
                op::LONG_BINPUT => {
                    let index = self.cursor.u32()?;
                    self.store(index as usize, count)?;
                }
                op::PUT => {
                    let index = self.index_line()?;
                    self.store(index as usize, count)?;
                }
                _ => self.step(opcode)?,
            }
            last = opcode;
        }
        Err(Error::Parts { limit })
    }

    fn stop(&mut self) -> Result<Id, Error> {
        let root = self.pop()?;
        if !self.stack.is_empty() || !self.marks.is_empty() {
            return self.cursor.malformed("values left over at STOP");
        }
        if self.cursor.left() > 0 {
            return self.cursor.malformed("bytes left over after STOP");
        }
        Ok(root)
    }

    fn step(&mut self, opcode: u8) -> Result<(), Error> {
        match opcode {
            op::FRAME => {
                let length = self.cursor.u64()?;
                self.cursor.check(length)
            }
            op::NONE => self.push(Node::None),
            op::NEWTRUE => self.push(Node::Bool(true)),
            op::NEWFALSE => self.push(Node::Bool(false)),
            op::BININT1 => {
                let value = self.cursor.u8()?;
                self.push(Node::Int(i64::from(value)))
            }
            op::BININT2 => {
                let value = u16::from_le_bytes(self.cursor.array()?);
                self.push(Node::Int(i64::from(value)))
            }
            op::BININT => {
                let value = i32::from_le_bytes(self.cursor.array()?);
                self.push(Node::Int(i64::from(value)))
            }
            op::INT => self.int_line(),
            op::LONG => self.long_line(),
            op::FLOAT => self.float_line(),
            op::STRING => self.string_line(),
            op::UNICODE => self.unicode_line(),
            op::LONG1 | op::LONG4 => {
                let width = if opcode == op::LONG1 { 1 } else { 4 };
                let span = self.cursor.sized(width)?;
                match minimal(self.arena.bytes(span)) {
                    Ok(value) => self.push(Node::Int(value)),
                    Err(bytes) => {
                        let len = number(bytes.len())?;
                        self.push(Node::Long(Span { len, ..span }))
                    }
                }
            }
            op::BINFLOAT => {
                let value = f64::from_be_bytes(self.cursor.array()?);
                self.push(Node::Float(value))
            }
            op::SHORT_BINUNICODE => self.text(1),
            op::BINUNICODE => self.text(4),
            op::BINUNICODE8 => self.text(8),
            op::SHORT_BINBYTES => self.sized(1, Node::Bytes),
            op::BINBYTES => self.sized(4, Node::Bytes),
            op::BINBYTES8 => self.sized(8, Node::Bytes),
            op::BYTEARRAY8 => self.sized(8, Node::ByteArray),
            op::SHORT_BINSTRING => self.sized(1, Node::Native),
            op::BINSTRING => self.sized(4, Node::Native),
            op::EMPTY_TUPLE => self.collect(0, Node::Tuple),
            op::TUPLE1 => self.collect(1, Node::Tuple),
            op::TUPLE2 => self.collect(2, Node::Tuple),
            op::TUPLE3 => self.collect(3, Node::Tuple),
            op::EMPTY_LIST => self.collect(0, Node::List),
            op::EMPTY_DICT => self.collect(0, Node::Dict),
            op::EMPTY_SET => self.collect(0, Node::Set),
            op::DICT => self.dict_since_mark(),
            op::TUPLE | op::LIST | op::FROZENSET => {
                let count = self.since_mark()?;
                self.collect(
                    count,
                    match opcode {
                        op::TUPLE => Node::Tuple,
                        op::LIST => Node::List,
                        _ => Node::FrozenSet,
                    },
                )
            }
            op::MARK => {
                self.marks.push(self.stack.len());
                self.fence = self.stack.len();
                Ok(())
            }
            op::POP_MARK => {
                let count = self.since_mark()?;
                self.stack.truncate(self.stack.len() - count);
                Ok(())
            }
            op::DUP => {
                let top = self.top()?;
                self.arena.share(top);
                self.stack.push(top);
                Ok(())
            }
            op::BINGET => {
                let index = self.cursor.u8()?;
                self.fetch(u32::from(index))
            }
            op::LONG_BINGET => {
                let index = self.cursor.u32()?;
                self.fetch(index)
            }
            op::GET => {
                let index = self.index_line()?;
                self.fetch(index)
            }
            op::APPEND => self.append(1),
            op::APPENDS => {
                let count = self.since_mark()?;
                self.append(count)
            }
            op::SETITEM => self.set_items(2),
            op::SETITEMS => {
                let count = self.since_mark()?;
                self.set_items(count)
            }
            op::ADDITEMS => {
                let count = self.since_mark()?;
                self.add_items(count)
            }
            op::INST => self.instance_line(),
            op::OBJ => self.object_since_mark(),
            op::GLOBAL => self.global(),
            op::STACK_GLOBAL => self.stack_global(),
            op::REDUCE => self.reduce(),
            op::NEWOBJ => self.new_object(How::New),
            op::NEWOBJ_EX => self.new_object(How::NewEx),
            op::BUILD => {
                let state = self.pop()?;
                self.change(&[state, BUILT])
            }
            opcode => Err(Error::Opcode {
                opcode,
                at: self.cursor.at(),
            }),
        }
    }

    fn text(&mut self, width: usize) -> Result<(), Error> {
        let span = self.cursor.sized(width)?;
        if !wtf8::is_valid(self.arena.bytes(span)) {
            return self.cursor.malformed("a str that is not UTF-8");
        }
        self.push(Node::Str(span))
    }

    fn sized(&mut self, width: usize, node: impl Fn(Span) -> Node) -> Result<(), Error> {
        let span = self.cursor.sized(width)?;
        self.push(node(span))
    }
}
