//! The tail: putting.

use std::sync::atomic::Ordering;

use super::layout::{Header, Position};
use super::{Error, Ring};
use crate::deadline::Deadline;

impl Ring {
    /// Puts `bytes`, waiting for room until `deadline`.
    pub fn put(&self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        match self.try_put(bytes) {
            Err(Error::Full) => {}
            result => return result,
        }
        let rest = &self.header.rest;
        let likely = || self.has_room(bytes.len()) || self.is_closed();
        rest.putters
            .wait_until(deadline, likely, || match self.try_put(bytes) {
                Err(Error::Full) => None,
                result => Some((result, self.has_room(bytes.len()))),
            })
            .unwrap_or(Err(Error::Full))
    }

    /// Puts `bytes` if there is room.
    pub fn try_put(&self, bytes: &[u8]) -> Result<(), Error> {
        let units = self.units(bytes.len())?;
        let tail = &self.header.tail;
        // A producer that died holding the lock has not moved the tail: its
        // item never was.
        tail.lock.lock();
        let result = self.put_locked(bytes, units);
        tail.lock.unlock();
        if result.is_ok() {
            self.header.rest.getters.wake_one();
        }
        result
    }

    // ANCHOR: put_locked
    fn put_locked(&self, bytes: &[u8], units: u32) -> Result<(), Error> {
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let Header { tail, head, .. } = &*self.header;
        let at = Position::load(&tail.place, Ordering::Relaxed);
        if !self.fits(at, Position::load(&tail.other, Ordering::Relaxed), units) {
            let now = Position::load(&head.place, Ordering::Acquire);
            now.store(&tail.other);
            if !self.fits(at, now, units) {
                return Err(Error::Full);
            }
        }
        self.copy_in(at.units, &(bytes.len() as u64).to_ne_bytes());
        self.copy_in(at.units.wrapping_add(1), bytes);
        at.after(units).store(&tail.place);
        Ok(())
    }
    // ANCHOR_END: put_locked

    fn fits(&self, tail: Position, head: Position, units: u32) -> bool {
        let used = tail.units.wrapping_sub(head.units);
        let items = tail.items.wrapping_sub(head.items);
        items < self.items && u64::from(used) + u64::from(units) <= u64::from(self.mask) + 1
    }

    fn has_room(&self, len: usize) -> bool {
        let head = Position::load(&self.header.head.place, Ordering::Acquire);
        let tail = Position::load(&self.header.tail.place, Ordering::Acquire);
        self.units(len)
            .is_ok_and(|units| self.fits(tail, head, units))
    }
}
