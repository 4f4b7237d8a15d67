//! The opcodes of protocols 0 and 1: numbers and text as Python shows them, a line each.

use super::Error;
use super::arena::{How, Id, NOTHING, Node, Seq, Span};
use super::long::{from_decimal, minimal};
use super::machine::Machine;
use super::wtf8;

/// Digits of the longest int that is read as text: CPython's own limit.
const DIGITS: usize = 4300;

impl Machine<'_> {
    /// INT: an int, or a bool as `00` or `01`.
    pub(super) fn int_line(&mut self) -> Result<(), Error> {
        let line = self.cursor.line()?;
        match self.arena.bytes(line) {
            b"00" => self.push(Node::Bool(false)),
            b"01" => self.push(Node::Bool(true)),
            _ => self.decimal(line),
        }
    }

    /// LONG: an int, with an `L` behind it.
    pub(super) fn long_line(&mut self) -> Result<(), Error> {
        let mut line = self.cursor.line()?;
        if self.arena.bytes(line).ends_with(b"L") {
            line.len -= 1;
        }
        self.decimal(line)
    }

    fn decimal(&mut self, line: Span) -> Result<(), Error> {
        let digits = self.arena.bytes(line);
        if digits.len() > DIGITS {
            return self.cursor.malformed("an int of more than 4300 digits");
        }
        let Some(bytes) = from_decimal(digits) else {
            return self.cursor.malformed("an int that is none");
        };
        match minimal(&bytes) {
            Ok(value) => self.push(Node::Int(value)),
            Err(bytes) => {
                let span = self.arena.add_text(bytes)?;
                self.push(Node::Long(span))
            }
        }
    }

    /// FLOAT
    pub(super) fn float_line(&mut self) -> Result<(), Error> {
        let line = self.cursor.line()?;
        let text = std::str::from_utf8(self.arena.bytes(line)).unwrap_or_default();
        match text.parse() {
            Ok(value) => self.push(Node::Float(value)),
            Err(_) => self.cursor.malformed("a float that is none"),
        }
    }

    /// STRING: a `str` of Python 2, in quotes and with escapes.
    pub(super) fn string_line(&mut self) -> Result<(), Error> {
        let line = self.cursor.line()?;
        let quoted = self.arena.bytes(line);
        let content = match quoted {
            [b'\'', content @ .., b'\''] | [b'"', content @ .., b'"'] => content,
            _ => return self.cursor.malformed("a string without quotes"),
        };
        let Some(bytes) = unescaped(content) else {
            return self.cursor.malformed("a string with a bad escape");
        };
        let span = self.arena.add_text(&bytes)?;
        self.push(Node::Native(span))
    }

    /// UNICODE: Latin-1, and `\u` or `\U` before the digits of any other character.
    pub(super) fn unicode_line(&mut self) -> Result<(), Error> {
        let line = self.cursor.line()?;
        let mut text = Vec::new();
        let mut rest = self.arena.bytes(line);
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let digits = match (byte, rest.first()) {
                (b'\\', Some(b'u')) => 4,
                (b'\\', Some(b'U')) => 8,
                _ => {
                    wtf8::push(&mut text, u32::from(byte));
                    continue;
                }
            };
            let point = rest.get(1..=digits).and_then(|digits| radix(digits, 16));
            let Some(point) = point.filter(|&point| point <= 0x10_ffff) else {
                return self.cursor.malformed("a text with a bad escape");
            };
            wtf8::push(&mut text, point);
            rest = &rest[1 + digits..];
        }
        let span = self.arena.add_text(&text)?;
        self.push(Node::Str(span))
    }

    /// The index of GET and PUT.
    pub(super) fn index_line(&mut self) -> Result<u32, Error> {
        let line = self.cursor.line()?;
        match radix(self.arena.bytes(line), 10) {
            Some(index) => Ok(index),
            None => self.cursor.malformed("a memo index that is none"),
        }
    }

    /// DICT: of all since the last mark.
    pub(super) fn dict_since_mark(&mut self) -> Result<(), Error> {
        let count = self.since_mark()?;
        if !count.is_multiple_of(2) {
            return self.cursor.malformed("a key without a value");
        }
        self.collect(count, Node::Dict)
    }

    /// INST: an instance of a named class, of all since the last mark.
    pub(super) fn instance_line(&mut self) -> Result<(), Error> {
        let count = self.since_mark()?;
        self.collect(count, Node::Tuple)?;
        let args = self.pop()?;
        self.global()?;
        let class = self.pop()?;
        self.old_instance(class, args, count)
    }

    /// OBJ: the same, with the class at the mark.
    pub(super) fn object_since_mark(&mut self) -> Result<(), Error> {
        let count = self.since_mark()?;
        let Some(given) = count.checked_sub(1) else {
            return self.cursor.malformed("an instance of no class");
        };
        self.collect(given, Node::Tuple)?;
        let (args, class) = (self.pop()?, self.pop()?);
        self.old_instance(class, args, given)
    }

    /// Python calls such a class only when there is something to call it with.
    fn old_instance(&mut self, class: Id, args: Id, given: usize) -> Result<(), Error> {
        let how = if given == 0 { How::New } else { How::Reduce };
        self.push_object(how, [class, args, NOTHING])
    }

    /// `copyreg._reconstructor(class, object, None)`: how these protocols write what the
    /// later ones have NEWOBJ for.
    pub(super) fn reconstructed(&mut self, callable: Id, args: Id) -> Option<Id> {
        let (Node::Global { module, name, .. }, Node::Tuple(args)) =
            (self.arena.node(callable), self.arena.node(args))
        else {
            return None;
        };
        let is_copyreg = ["copyreg", "copy_reg"]
            .iter()
            .any(|copyreg| self.arena.is_str(module, copyreg));
        let &[class, base, state] = self.arena.links(args) else {
            return None;
        };
        let of_object = match self.arena.node(base) {
            Node::Global { name, .. } => self.arena.is_str(name, "object"),
            _ => false,
        };
        let matches = is_copyreg
            && self.arena.is_str(name, "_reconstructor")
            && of_object
            && matches!(self.arena.node(state), Node::None);
        matches.then_some(class)
    }

    /// An instance of `class` without arguments.
    pub(super) fn push_bare_instance(&mut self, class: Id) -> Result<(), Error> {
        let args = self.arena.add(Node::Tuple(Seq::EMPTY))?;
        self.push_object(How::New, [class, args, NOTHING])
    }
}

fn radix(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(text, radix).ok())?
}

/// Python 2's `repr` of a `str`, undone.
fn unescaped(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, after) = rest.split_first()?;
        rest = after;
        let meant = match escape {
            b'\\' | b'\'' | b'"' => escape,
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                radix(digits, 16)? as u8
            }
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    if let Some((&digit @ b'0'..=b'7', after)) = rest.split_first() {
                        value = value * 8 + u32::from(digit - b'0');
                        rest = after;
                    }
                }
                value as u8
            }
            other => {
                bytes.push(b'\\');
                other
            }
        };
        bytes.push(meant);
    }
    Some(bytes)
}
