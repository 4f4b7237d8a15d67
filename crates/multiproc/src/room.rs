//! Memory that is filled from its beginning on, and need not be cleared before.

#![expect(unsafe_code, reason = "it counts which bytes are initialised")]

use std::mem::MaybeUninit;
use std::slice;

use crate::copy::copy;

/// Both copies of a piece stay in a core's cache.
const PIECE: usize = 64 << 10;

/// Room for bytes, of which the first are there.
pub(crate) struct Room<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    /// So many are initialised.
    filled: usize,
    /// So many of these are known to be ASCII, if anybody asks.
    ascii: Option<usize>,
}

impl<'a> Room<'a> {
    /// Empty room.
    pub(crate) fn new(bytes: &'a mut [MaybeUninit<u8>]) -> Self {
        Room {
            bytes,
            filled: 0,
            ascii: None,
        }
    }

    /// Empty room for a text: it is looked through as it comes, while it is in the
    /// core's cache.
    pub(crate) fn for_text(bytes: &'a mut [MaybeUninit<u8>]) -> Self {
        Room {
            ascii: Some(0),
            ..Room::new(bytes)
        }
    }

    /// How many bytes at the beginning were seen to be ASCII.
    pub(crate) fn ascii(&self) -> usize {
        self.ascii.unwrap_or(0)
    }

    /// The most bytes to put at once: more would not stay in the cache until they
    /// are looked through.
    pub(crate) fn piece(&self) -> usize {
        match self.ascii {
            Some(ascii) if ascii == self.filled => PIECE,
            _ => usize::MAX,
        }
    }

    /// Room in a caller's buffer.
    pub(crate) fn over(bytes: &'a mut [u8]) -> Self {
        let (begin, length) = (bytes.as_mut_ptr(), bytes.len());
        // SAFETY: the same memory, for as long; and nothing here, nor who keeps to what
        // `rest` asks, puts anything into it that is not initialised.
        Room::new(unsafe { slice::from_raw_parts_mut(begin.cast(), length) })
    }

    /// How many bytes are missing.
    pub(crate) fn missing(&self) -> usize {
        self.bytes.len() - self.filled
    }

    /// What is there.
    pub(crate) fn filled(&self) -> &[u8] {
        // SAFETY: so many bytes are initialised.
        unsafe { slice::from_raw_parts(self.bytes.as_ptr().cast(), self.filled) }
    }

    /// Appends as many of `bytes` as there is room for, and says how many these are.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.missing());
        let rest = self.bytes[self.filled..].as_mut_ptr();
        // SAFETY: `count` bytes are in `bytes`, and in the rest of the room, to which
        // nobody else refers.
        unsafe {
            copy(bytes.as_ptr(), rest.cast(), count);
            self.advance(count);
        }
        count
    }

    /// What is missing.
    ///
    /// # Safety
    ///
    /// Only initialised bytes are put there: the room may be a caller's buffer.
    pub(crate) unsafe fn rest(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.bytes[self.filled..]
    }

    /// # Safety
    ///
    /// The first `count` bytes of the [`rest`](Self::rest) are initialised now.
    pub(crate) unsafe fn advance(&mut self, count: usize) {
        let before = self.filled;
        self.filled += count;
        // The first that is anything else ends it: what costs more is not for here.
        if self.ascii == Some(before) && self.filled()[before..].is_ascii() {
            self.ascii = Some(self.filled);
        }
    }
}
