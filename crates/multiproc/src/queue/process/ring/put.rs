//! The tail: putting.

use std::sync::atomic::Ordering;

use super::layout::{Header, Position};
use super::{Error, Ring, briefly};
use crate::deadline::Deadline;
use crate::shared::WaitWord;

/// Room that a producer needs, or several.
#[derive(Clone, Copy)]
pub(super) struct Need {
    pub(super) units: u64,
    pub(super) items: u32,
}

impl Need {
    pub(super) const NOTHING: Need = Need { units: 0, items: 0 };

    pub(super) fn of(units: u32) -> Self {
        let units = u64::from(units);
        Need { units, items: 1 }
    }

    pub(super) fn and(self, other: Need) -> Self {
        Need {
            units: self.units + other.units,
            items: self.items + other.items,
        }
    }
}

/// Whose turn it is to put.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    /// That of a newcomer: after all who wait.
    Last,
    /// That of the producer with this ticket.
    Of(u32),
    /// Before all who wait.
    First,
}

impl Ring {
    /// Puts `bytes`, waiting for room until `deadline`.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the deadline comes first, [`Error::Closed`] after
    /// [`close`](Self::close), [`Error::TooLarge`] if it would never fit.
    pub fn put(&self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        let need = Need::of(self.units(bytes.len())?);
        match self.put_once(bytes, need, Turn::Last, || deadline) {
            Err(Error::Full) => self.put_later(bytes, need, deadline),
            done => done,
        }
    }

    #[cold]
    fn put_later(&self, bytes: &[u8], need: Need, deadline: Deadline) -> Result<(), Error> {
        let likely = || !self.has_line() && self.has_room(need) || self.is_closed();
        let attempt = || match self.put_once(bytes, need, Turn::Last, || deadline) {
            Err(Error::Full) => None,
            done => Some(done),
        };
        WaitWord::spin(likely, attempt).unwrap_or_else(|| self.put_in_line(bytes, need, deadline))
    }

    /// Puts `bytes` if there is room in addition to what others wait for.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); [`Error::Full`] at once.
    pub fn try_put(&self, bytes: &[u8]) -> Result<(), Error> {
        self.put_now(bytes, Turn::Last)
    }

    /// Puts `bytes` if there is room, even if others wait for it.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); [`Error::Full`] at once.
    pub fn try_put_first(&self, bytes: &[u8]) -> Result<(), Error> {
        self.put_now(bytes, Turn::First)
    }

    fn put_now(&self, bytes: &[u8], turn: Turn) -> Result<(), Error> {
        let need = Need::of(self.units(bytes.len())?);
        let worth = || self.has_room(need) || self.is_closed();
        self.put_once(bytes, need, turn, || briefly(worth()))
    }

    pub(super) fn put_once(
        &self,
        bytes: &[u8],
        need: Need,
        turn: Turn,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(), Error> {
        let tail = &self.header.tail;
        // If the last producer died holding the lock, it has not moved the tail,
        // and there is no trace of its item.
        if tail.lock.lock_until(deadline).is_none() {
            return Err(Error::Full);
        }
        let result = self.put_locked(bytes, need, turn);
        tail.lock.unlock();
        if result.is_ok() {
            self.header.rest.getters.wake_one();
        }
        if self.has_line() {
            // A put that found no room may have found a death in the line, and
            // one that found room may have left some: either way the producer in
            // front may have its turn now.
            self.wake_front();
        }
        result
    }

    // ANCHOR: put_locked
    fn put_locked(&self, bytes: &[u8], need: Need, turn: Turn) -> Result<(), Error> {
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let Header { tail, head, .. } = &*self.header;
        let at = Position::load(&tail.position, Ordering::Relaxed);
        let known = Position::load(&tail.other, Ordering::Relaxed);
        if self.has_line() || !self.fits(at, known, need) {
            let now = Position::load(&head.position, Ordering::Acquire);
            now.store(&tail.other);
            if !self.fits(at, now, need.and(self.asked_before(turn))) {
                return Err(Error::Full);
            }
        }
        self.copy_in(at.units, &(bytes.len() as u64).to_ne_bytes());
        self.copy_in(at.units.wrapping_add(1), bytes);
        at.after(need.units as u32).store(&tail.position);
        Ok(())
    }
    // ANCHOR_END: put_locked

    fn fits(&self, tail: Position, head: Position, need: Need) -> bool {
        let units = tail.units.wrapping_sub(head.units);
        let items = tail.items.wrapping_sub(head.items);
        items + need.items <= self.items
            && u64::from(units) + need.units <= u64::from(self.mask) + 1
    }

    pub(super) fn has_room(&self, need: Need) -> bool {
        let head = Position::load(&self.header.head.position, Ordering::Acquire);
        let tail = Position::load(&self.header.tail.position, Ordering::Acquire);
        self.fits(tail, head, need)
    }
}
