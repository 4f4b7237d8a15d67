//! A place in a message. Every length is checked against what is left before it is used.

use super::Error;
use super::arena::Span;

#[derive(Debug)]
pub(super) struct Cursor<'m> {
    message: &'m [u8],
    next: usize,
    /// Where the current opcode is.
    opcode: usize,
}

impl<'m> Cursor<'m> {
    /// The message is shorter than 4 GiB.
    pub(super) fn new(message: &'m [u8], next: usize) -> Cursor<'m> {
        Cursor {
            message,
            next,
            opcode: next,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.opcode
    }

    pub(super) fn left(&self) -> usize {
        self.message.len() - self.next
    }

    pub(super) fn malformed<T>(&self, what: &'static str) -> Result<T, Error> {
        Err(Error::Malformed {
            at: self.opcode,
            what,
        })
    }

    fn truncated<T>(&self) -> Result<T, Error> {
        Err(Error::Truncated { at: self.opcode })
    }

    pub(super) fn opcode(&mut self) -> Result<u8, Error> {
        self.opcode = self.next;
        self.u8()
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        let Some(&byte) = self.message.get(self.next) else {
            return self.truncated();
        };
        self.next += 1;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let Some(bytes) = self.message[self.next..].first_chunk() else {
            return self.truncated();
        };
        self.next += N;
        Ok(*bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// That so many bytes are left.
    pub(super) fn check(&self, length: u64) -> Result<(), Error> {
        if length > self.left() as u64 {
            self.truncated()
        } else {
            Ok(())
        }
    }

    /// Bytes preceded by their length, of `width` bytes: 1, 4 or 8.
    pub(super) fn sized(&mut self, width: usize) -> Result<Span, Error> {
        let length = match width {
            1 => u64::from(self.u8()?),
            4 => u64::from(self.u32()?),
            _ => self.u64()?,
        };
        self.check(length)?;
        let span = Span {
            start: self.next as u32,
            len: length as u32,
        };
        self.next += length as usize;
        Ok(span)
    }

    /// The rest of a line, without its end.
    pub(super) fn line(&mut self) -> Result<Span, Error> {
        let rest = &self.message[self.next..];
        let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
            return self.truncated();
        };
        let span = Span {
            start: self.next as u32,
            len: length as u32,
        };
        self.next += length + 1;
        Ok(span)
    }
}
