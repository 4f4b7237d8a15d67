//! Getting a long item: to where it stays, in one copy.

#![expect(unsafe_code, reason = "it fills room that is not initialised")]

use super::{Error, Ring, briefly};
use crate::deadline::Deadline;
use crate::room::Room;

/// Copies an item to where it stays. Called with the head's lock, so it must neither
/// take long nor call code of the item's type.
pub(crate) type Take<'a> = dyn FnMut(Stored<'_>) -> bool + 'a;

/// An item in the ring.
pub(crate) struct Stored<'a> {
    ring: &'a Ring,
    units: u32,
    pub(crate) len: usize,
}

impl Stored<'_> {
    /// Fills `room` with what is behind the first `skip` bytes.
    pub(crate) fn copy(&self, skip: usize, room: &mut Room<'_>) {
        let mut from = skip;
        while from < self.len && room.missing() > 0 {
            let count = room.missing().min(self.len - from).min(room.piece());
            // SAFETY: `copy_out` writes all of it.
            unsafe {
                self.ring
                    .copy_out(self.units, from, &mut room.rest()[..count]);
                room.advance(count);
            }
            from += count;
        }
    }
}

impl Ring {
    /// Like [`get`](Self::get), but shows the item to `take` first, and returns false if
    /// that took it.
    pub(crate) fn get_or_take(
        &self,
        bytes: &mut Vec<u8>,
        take: &mut Take<'_>,
        deadline: Deadline,
    ) -> Result<bool, Error> {
        self.get_later_if_empty(deadline, || self.take_once(bytes, take, || deadline))
    }

    /// Like [`get_or_take`](Self::get_or_take), without waiting.
    pub(crate) fn try_get_or_take(
        &self,
        bytes: &mut Vec<u8>,
        take: &mut Take<'_>,
    ) -> Result<bool, Error> {
        self.take_once(bytes, take, || briefly(self.may_get()))
    }

    fn take_once(
        &self,
        bytes: &mut Vec<u8>,
        take: &mut Take<'_>,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<bool, Error> {
        if !self.lock_head(deadline) {
            return Err(Error::Empty);
        }
        let result = self.take_locked(bytes, take);
        self.header.head.lock.unlock();
        if result.is_ok() {
            self.wake_front();
        }
        result
    }

    fn take_locked(&self, bytes: &mut Vec<u8>, take: &mut Take<'_>) -> Result<bool, Error> {
        let first @ (at, units, len) = self.first()?;
        let item = Stored {
            ring: self,
            units: at.units.wrapping_add(1),
            len,
        };
        let taken = take(item);
        if taken {
            at.after(units).store(&self.header.head.position);
        } else {
            self.copy_first(bytes, first);
        }
        Ok(!taken)
    }
}
