//! Writing what has no parts: numbers, text, bytes, names. The shortest opcode that the
//! protocol has, and the call that spells it out where it has none.

use super::arena::{Arena, Id, Node};
use super::long::needed;
use super::writer::Writer;
use super::{Error, names, opcode as op, wtf8};

impl Writer<'_, '_> {
    /// `None`, a bool, an int of 64 bits, a float.
    pub(super) fn scalar(&mut self, node: Node) {
        match node {
            Node::Bool(true) => self.out.push(op::NEWTRUE),
            Node::Bool(false) => self.out.push(op::NEWFALSE),
            Node::Int(value) => self.int(value),
            Node::Float(value) => {
                self.out.push(op::BINFLOAT);
                self.out.extend_from_slice(&value.to_be_bytes());
            }
            _ => self.out.push(op::NONE),
        }
    }

    fn int(&mut self, value: i64) {
        if let Ok(value) = u8::try_from(value) {
            self.out.extend_from_slice(&[op::BININT1, value]);
        } else if let Ok(value) = u16::try_from(value) {
            self.out.push(op::BININT2);
            self.out.extend_from_slice(&value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.out.push(op::BININT);
            self.out.extend_from_slice(&value.to_le_bytes());
        } else {
            self.long(&value.to_le_bytes()[..needed(value)]);
        }
    }

    pub(super) fn long(&mut self, bytes: &[u8]) {
        self.sized(bytes, Some(op::LONG1), op::LONG4);
    }

    pub(super) fn str(&mut self, text: &[u8]) {
        let short = (self.protocol >= 4).then_some(op::SHORT_BINUNICODE);
        self.sized(text, short, op::BINUNICODE);
    }

    /// A `str` of Python 2: to Python 3 it is text where it is ASCII, and bytes otherwise.
    pub(super) fn native(&mut self, bytes: &[u8]) {
        if self.protocol == 2 {
            self.sized(bytes, Some(op::SHORT_BINSTRING), op::BINSTRING);
        } else if bytes.is_ascii() {
            self.str(bytes);
        } else {
            self.bytes(bytes);
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if self.protocol >= 3 {
            self.sized(bytes, Some(op::SHORT_BINBYTES), op::BINBYTES);
        } else if bytes.is_empty() {
            self.builtin("bytes");
            self.out.extend_from_slice(&[op::EMPTY_TUPLE, op::REDUCE]);
        } else {
            self.global_line("_codecs", "encode");
            self.str(wtf8::from_latin1(bytes).as_bytes());
            self.str(b"latin1");
            self.out.extend_from_slice(&[op::TUPLE2, op::REDUCE]);
        }
    }

    pub(super) fn bytearray(&mut self, bytes: &[u8]) {
        if self.protocol >= 5 {
            self.out.push(op::BYTEARRAY8);
            self.out
                .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            self.out.extend_from_slice(bytes);
            return;
        }
        if self.protocol == 4 {
            self.str(b"builtins");
            self.str(b"bytearray");
            self.out.push(op::STACK_GLOBAL);
        } else {
            self.builtin("bytearray");
        }
        self.bytes(bytes);
        self.out.extend_from_slice(&[op::TUPLE1, op::REDUCE]);
    }

    /// A class or function. A text that names many is written once, where it can be.
    pub(super) fn global(
        &mut self,
        arena: &Arena,
        id: Id,
        old: bool,
        names: [Id; 2],
    ) -> Result<(), Error> {
        let [module, name] = names;
        let plain = (arena.plain_str(module), arena.plain_str(name));
        let translated = match (old, self.protocol) {
            (true, 3..) => names::to_python_3(plain.0, plain.1),
            (false, 2) => names::to_python_2(plain.0, plain.1),
            _ => plain,
        };
        if self.protocol >= 4 {
            if translated == plain {
                self.visit(arena, module)?;
                self.visit(arena, name)?;
            } else {
                self.str(translated.0.as_bytes());
                self.str(translated.1.as_bytes());
            }
            self.out.push(op::STACK_GLOBAL);
            self.store(arena, id);
            return Ok(());
        }
        let key = (self.at, module, name);
        if let Some(&index) = self.globals.get(&key) {
            self.get(index);
            return Ok(());
        }
        self.spelt_out(translated.0, translated.1)?;
        // Two globals of one name share the texts of both.
        if arena.is_shared(id) || arena.is_shared(module) && arena.is_shared(name) {
            let index = self.put();
            self.globals.insert(key, index);
        }
        Ok(())
    }

    /// At protocols 2 and 3.
    fn spelt_out(&mut self, module: &str, name: &str) -> Result<(), Error> {
        let writable = |text: &str| !text.contains('\n') && (self.protocol > 2 || text.is_ascii());
        if !writable(module) || !writable(name) {
            let what = "a class whose name is not plain text";
            return Err(Error::Unwritable {
                protocol: self.protocol,
                what,
            });
        }
        // A name within a class: these protocols find only what a module holds.
        let mut path = name.split('.');
        let inner = path.clone().count() - 1;
        for _ in 0..inner {
            self.builtin("getattr");
        }
        self.global_line(module, path.next().unwrap_or_default());
        for attribute in path {
            self.str(attribute.as_bytes());
            self.out.extend_from_slice(&[op::TUPLE2, op::REDUCE]);
        }
        Ok(())
    }

    /// A built-in, at protocols 2 and 3.
    pub(super) fn builtin(&mut self, name: &str) {
        self.global_line(
            if self.protocol == 2 {
                "__builtin__"
            } else {
                "builtins"
            },
            name,
        );
    }

    /// A class or function, at protocols 2 and 3.
    pub(super) fn global_line(&mut self, module: &str, name: &str) {
        self.out.push(op::GLOBAL);
        for line in [module, name] {
            self.out.extend_from_slice(line.as_bytes());
            self.out.push(b'\n');
        }
    }

    /// Bytes after their length: one byte where the opcode exists and that is enough, or
    /// else four, which is always enough for what fits in an arena.
    pub(super) fn sized(&mut self, bytes: &[u8], short: Option<u8>, long: u8) {
        match (short, u8::try_from(bytes.len())) {
            (Some(short), Ok(length)) => self.out.extend_from_slice(&[short, length]),
            _ => {
                self.out.push(long);
                self.out
                    .extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            }
        }
        self.out.extend_from_slice(bytes);
    }
}
