//! The tail: putting.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::layout::{Header, Position};
use super::{Error, Ring, briefly};
use crate::deadline::Deadline;

/// How often a producer that waits for the lock checks whether the ring is closed.
const LOOK: Duration = Duration::from_millis(100);

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
        self.when_there_is_room(need, deadline, |turn| {
            self.put_once([bytes], need, turn, || deadline)
        })
    }

    /// Like [`put`](Self::put), for an item in two parts.
    pub(crate) fn put_parts(&self, parts: [&[u8]; 2], deadline: Deadline) -> Result<(), Error> {
        let need = Need::of(self.units(parts[0].len() + parts[1].len())?);
        self.when_there_is_room(need, deadline, |turn| {
            self.put_once(parts, need, turn, || deadline)
        })
    }

    /// Like [`try_put`](Self::try_put), for an item in two parts.
    pub(crate) fn try_put_parts(&self, parts: [&[u8]; 2]) -> Result<(), Error> {
        self.put_now(parts, Turn::Last)
    }

    /// Calls `once` until it no longer finds the ring full, in the order of asking.
    pub(super) fn when_there_is_room<R>(
        &self,
        need: Need,
        deadline: Deadline,
        once: impl Fn(Turn) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match once(Turn::Last) {
            Err(Error::Full) => self.later(need, deadline, once),
            done => done,
        }
    }

    #[cold]
    fn later<R>(
        &self,
        need: Need,
        deadline: Deadline,
        once: impl Fn(Turn) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let likely = || !self.has_line() && self.has_room(need) || self.is_closed();
        let attempt = || match once(Turn::Last) {
            Err(Error::Full) => None,
            done => Some(done),
        };
        let crowd = &self.header.rest.crowd;
        crowd
            .spin(deadline, likely, attempt)
            .unwrap_or_else(|| self.in_line(need, deadline, once))
    }

    /// Puts `bytes` if there is room in addition to what others wait for.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); [`Error::Full`] at once.
    pub fn try_put(&self, bytes: &[u8]) -> Result<(), Error> {
        self.put_now([bytes], Turn::Last)
    }

    /// Puts `bytes` if there is room, even if others wait for it.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); [`Error::Full`] at once.
    pub fn try_put_first(&self, bytes: &[u8]) -> Result<(), Error> {
        self.put_now([bytes], Turn::First)
    }

    fn put_now<const N: usize>(&self, parts: [&[u8]; N], turn: Turn) -> Result<(), Error> {
        let len = parts.iter().map(|part| part.len()).sum();
        let need = Need::of(self.units(len)?);
        let worth = || self.has_room(need) || self.is_closed();
        self.put_once(parts, need, turn, || briefly(worth()))
    }

    // ANCHOR: put_locked
    fn put_once<const N: usize>(
        &self,
        parts: [&[u8]; N],
        need: Need,
        turn: Turn,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(), Error> {
        let at = self.lock_room(need, turn, deadline)?;
        let mut len = 0;
        for part in parts {
            self.copy_in(at.units.wrapping_add(1), len, part);
            len += part.len();
        }
        self.commit(at, need, len);
        Ok(())
    }

    /// Puts the item whose bytes stand at `at`, and releases the lock.
    #[inline]
    pub(super) fn commit(&self, at: Position, need: Need, len: usize) {
        let tail = &self.header.tail;
        self.copy_in(at.units, 0, &(len as u64).to_ne_bytes());
        at.after(need.units as u32).store(&tail.position);
        tail.lock.unlock();
        self.header.rest.getters.wake_one();
        if self.has_line() {
            // There may be room left for the producer in front.
            self.wake_front();
        }
    }
    // ANCHOR_END: put_locked

    /// Takes the tail's lock if there is room, and tells where the room begins.
    #[inline]
    pub(super) fn lock_room(
        &self,
        need: Need,
        turn: Turn,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<Position, Error> {
        let tail = &self.header.tail;
        // If the last producer died holding the lock, it has not moved the tail,
        // and there is no trace of its item.
        if tail.lock.try_lock().is_none() {
            self.lock_tail_later(deadline())?;
        }
        let room = self.room(need, turn);
        if room.is_err() {
            self.give_up();
        }
        room
    }

    /// Waits for the lock. It may be that of a producer that is stopped: a closed
    /// ring takes nothing any more, so then nobody waits for it.
    #[cold]
    fn lock_tail_later(&self, deadline: Deadline) -> Result<(), Error> {
        let lock = &self.header.tail.lock;
        loop {
            let until = || match self.is_closed() {
                true => Deadline::after(Duration::ZERO),
                false => Deadline::after(deadline.remaining().map_or(LOOK, |left| left.min(LOOK))),
            };
            if lock.lock_until(until).is_some() {
                return Ok(());
            }
            if self.is_closed() {
                return Err(Error::Closed);
            }
            if deadline.is_past() {
                return Err(Error::Full);
            }
        }
    }

    #[inline]
    fn room(&self, need: Need, turn: Turn) -> Result<Position, Error> {
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
        Ok(at)
    }

    /// Releases the lock without putting anything.
    pub(super) fn give_up(&self) {
        self.header.tail.lock.unlock();
        if self.has_line() {
            // A producer in the line may have been found dead.
            self.wake_front();
        }
    }

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
