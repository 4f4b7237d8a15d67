//! Pickles put together from parts: what a server sends around its values.

use super::writer::Writer;
use super::{Error, Value, opcode as op};

/// A pickle that is being written, part by part, without a [`Value`] for the whole.
///
/// The parts may come from any number of messages; nothing of them is copied but into the
/// pickle. What they share is written once.
///
/// ```
/// use inert_pickle::{Composer, Value};
///
/// # fn main() -> Result<(), inert_pickle::Error> {
/// let items: Vec<Value> = vec![1.into(), "two".into()];
/// let mut out = Vec::new();
/// Composer::write(&mut out, 4, |reply| {
///     reply.tuple(2, |reply| {
///         reply.str("#RETURN");
///         reply.list(|list| items.iter().try_for_each(|item| list.value(item)))
///     })
/// })?;
/// assert_eq!(out, b"\x80\x04\x8c\x07#RETURN](K\x01\x8c\x03twoe\x86.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Composer<'o, 'v> {
    writer: Writer<'o, 'v>,
    /// How many parts the container that is open has.
    parts: usize,
}

impl<'v> Composer<'_, 'v> {
    /// Appends to `out` the pickle of what `body` writes, which is one part. On an error
    /// `out` is as it was.
    ///
    /// # Errors
    /// As [`write`](fn@super::write), and what `body` returns.
    ///
    /// # Panics
    /// When `body` writes more or less than one part.
    pub fn write(
        out: &mut Vec<u8>,
        protocol: u8,
        body: impl FnOnce(&mut Composer<'_, 'v>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut composer = Composer {
            writer: Writer::begin(out, protocol)?,
            parts: 0,
        };
        let written = body(&mut composer);
        assert!(
            written.is_err() || composer.parts == 1,
            "a pickle is of one value"
        );
        composer.writer.end(written)
    }

    /// `None`.
    pub fn none(&mut self) {
        self.parts += 1;
        self.writer.out.push(op::NONE);
    }

    /// A `str`.
    pub fn str(&mut self, text: &str) {
        self.parts += 1;
        self.writer.str(text.as_bytes());
    }

    /// A value of any kind. One that comes again is written once, as Python does it.
    ///
    /// # Errors
    /// As [`write`](fn@super::write).
    pub fn value(&mut self, value: &'v Value) -> Result<(), Error> {
        self.parts += 1;
        self.writer.one_of_many(value)
    }

    /// A `tuple` of the `len` parts that `body` writes.
    ///
    /// # Errors
    /// What `body` returns.
    ///
    /// # Panics
    /// When `body` writes another number of parts.
    pub fn tuple(
        &mut self,
        len: usize,
        body: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if len > 3 {
            self.writer.out.push(op::MARK);
        }
        let written = self.inside(body)?;
        assert_eq!(written, len, "parts of a tuple");
        self.writer.out.push(match len {
            0 => op::EMPTY_TUPLE,
            1 => op::TUPLE1,
            2 => op::TUPLE2,
            3 => op::TUPLE3,
            _ => op::TUPLE,
        });
        Ok(())
    }

    /// A `list` of the parts that `body` writes.
    ///
    /// # Errors
    /// What `body` returns.
    pub fn list(&mut self, body: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.writer.out.extend([op::EMPTY_LIST, op::MARK]);
        self.inside(body)?;
        self.writer.out.push(op::APPENDS);
        Ok(())
    }

    /// A `dict` of the parts that `body` writes: keys and values in turn.
    ///
    /// # Errors
    /// What `body` returns.
    ///
    /// # Panics
    /// When `body` writes a key without its value.
    pub fn dict(&mut self, body: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.writer.out.push(op::EMPTY_DICT);
        let empty = self.writer.out.len();
        self.writer.out.push(op::MARK);
        let written = self.inside(body)?;
        assert!(written.is_multiple_of(2), "a key without its value");
        if written == 0 {
            self.writer.out.truncate(empty);
        } else {
            self.writer.out.push(op::SETITEMS);
        }
        Ok(())
    }

    /// A call of `callable`, a class or function, with the `len` arguments that `body` writes:
    /// what Python makes when it reads it, like an exception or a proxy.
    ///
    /// # Errors
    /// As [`write`](fn@super::write), and what `body` returns.
    ///
    /// # Panics
    /// When `body` writes another number of parts.
    pub fn call(
        &mut self,
        callable: &'v Value,
        len: usize,
        body: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let outer = self.parts;
        self.writer.value(callable)?;
        self.tuple(len, body)?;
        self.writer.out.push(op::REDUCE);
        self.parts = outer + 1;
        Ok(())
    }

    /// Runs `body` for the parts of a container; how many it wrote.
    fn inside(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<usize, Error> {
        let outer = std::mem::take(&mut self.parts);
        body(self)?;
        Ok(std::mem::replace(&mut self.parts, outer + 1))
    }
}
