//! Writing an item straight into the ring, and reading it there, without a copy.
//!
//! Whoever writes in place holds the tail's lock, and whoever reads in place the
//! head's. That is the price: meanwhile nobody else can put, or get, and a process
//! that is stopped just then holds up the others at its end until it goes on or
//! dies (their deadlines still count). For the ring itself nothing changes: one
//! store puts an item, another takes it out, and nobody overwrites what is being
//! read, since the head has not moved. An item that wraps around the ring's end
//! goes through a copy.

#![expect(unsafe_code, reason = "slices are made of the ring's memory")]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

use super::layout::Position;
use super::put::Need;
use super::{Error, Ring};
use crate::deadline::Deadline;
use crate::shared::Held;

impl Ring {
    /// Reserves room for an item of `len` bytes, waiting until `deadline`. Write
    /// the item there, then [put](Reserved::put) it. What the room holds at first
    /// means nothing. It begins at a multiple of eight.
    ///
    /// Until it is put or dropped, nobody else can put: keep it short. A put to
    /// the same ring by this thread panics.
    ///
    /// ```
    /// use multiproc::deadline::Deadline;
    /// use multiproc::queue::process::Ring;
    ///
    /// let ring = Ring::new(100, 1 << 16, 0)?;
    /// let mut room = ring.reserve(4096, Deadline::NEVER)?;
    /// room.fill(7);
    /// room.put();
    /// let item = ring.front(Deadline::NEVER)?;
    /// assert_eq!(item.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 7 * 4096);
    /// drop(item); // it is out of the ring
    /// assert!(ring.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn reserve(&self, len: usize, deadline: Deadline) -> Result<Reserved<'_>, Error> {
        let need = Need::of(self.units(len)?);
        let at = self.when_there_is_room(need, deadline, |turn| {
            self.lock_room(need, turn, || deadline)
        })?;
        Ok(Reserved {
            ring: self,
            at,
            need,
            place: self.place(at, len, false),
            len,
            put: false,
            _held: Held::note(&self.header.tail.lock),
        })
    }

    /// The oldest item, to be read in place; waits for one until `deadline`.
    /// Dropping it takes it out of the ring. A process that dies before that
    /// leaves it there, for the next one.
    ///
    /// Until it is dropped, nobody else can get: keep it short. A get from the
    /// same ring by this thread panics.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn front(&self, deadline: Deadline) -> Result<Front<'_>, Error> {
        let attempt = || match self.front_once(deadline) {
            Err(Error::Empty) => None,
            // Not counting the one that we have.
            done => Some((done, self.len() > 1 || self.is_sealed())),
        };
        if let Some((done, _)) = attempt() {
            return done;
        }
        let getters = &self.header.rest.getters;
        getters
            .wait_until(deadline, || self.may_get(), attempt)
            .map_or(Err(Error::Empty), |done| done)
    }

    fn front_once(&self, deadline: Deadline) -> Result<Front<'_>, Error> {
        if !self.lock_head(|| deadline) {
            return Err(Error::Empty);
        }
        match self.first() {
            Ok((at, units, len)) => Ok(Front {
                ring: self,
                at,
                units,
                place: self.place(at, len, true),
                len,
                _held: Held::note(&self.header.head.lock),
            }),
            Err(error) => {
                self.header.head.lock.unlock();
                Err(error)
            }
        }
    }

    /// Where to write, or read, the bytes of the item at `at`. The caller holds
    /// the lock.
    fn place(&self, at: Position, len: usize, read: bool) -> Place {
        let first = at.units.wrapping_add(1);
        let (place, left) = self.address(first);
        if len <= left {
            return Place::Ring(place);
        }
        let mut copy = Vec::with_capacity(len);
        if read {
            self.copy_out(first, 0, &mut copy.spare_capacity_mut()[..len]);
            // SAFETY: `copy_out` has written the first `len` bytes.
            unsafe { copy.set_len(len) };
        } else {
            copy.resize(len, 0);
        }
        Place::Copy(copy)
    }
}

/// Where an item's bytes are.
enum Place {
    Ring(NonNull<u8>),
    /// It wraps around the ring's end.
    Copy(Vec<u8>),
}

/// Room for an item: fill it, then [put](Self::put) it. Dropping it puts nothing.
/// See [`Ring::reserve`].
pub struct Reserved<'a> {
    ring: &'a Ring,
    at: Position,
    need: Need,
    place: Place,
    len: usize,
    put: bool,
    _held: Held,
}

impl Reserved<'_> {
    /// Puts the item.
    pub fn put(mut self) {
        if let Place::Copy(copy) = &self.place {
            self.ring.copy_in(self.at.units.wrapping_add(1), 0, copy);
        }
        self.ring.commit(self.at, self.need, self.len);
        self.put = true;
    }
}

impl Deref for Reserved<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.place {
            // SAFETY: within the mapping, whose bytes are all initialised, and
            // ours alone: we hold the tail's lock, and there was room.
            Place::Ring(first) => unsafe { slice::from_raw_parts(first.as_ptr(), self.len) },
            Place::Copy(copy) => copy,
        }
    }
}

impl DerefMut for Reserved<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.place {
            // SAFETY: as above, and `&mut self` is the only way to it.
            Place::Ring(first) => unsafe { slice::from_raw_parts_mut(first.as_ptr(), self.len) },
            Place::Copy(copy) => copy,
        }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.put {
            self.ring.give_up();
        }
    }
}

/// The oldest item, read in place. Dropping it takes it out of the ring. See
/// [`Ring::front`].
pub struct Front<'a> {
    ring: &'a Ring,
    at: Position,
    units: u32,
    place: Place,
    len: usize,
    _held: Held,
}

impl Deref for Front<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.place {
            // SAFETY: within the mapping, written before the tail passed it, and
            // nobody writes to it before the head has passed it. Only the owner of
            // the head's lock moves the head, and that is us.
            Place::Ring(first) => unsafe { slice::from_raw_parts(first.as_ptr(), self.len) },
            Place::Copy(copy) => copy,
        }
    }
}

impl Drop for Front<'_> {
    fn drop(&mut self) {
        let head = &self.ring.header.head;
        self.at.after(self.units).store(&head.position);
        head.lock.unlock();
        self.ring.wake_front();
    }
}

impl fmt::Debug for Reserved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserved")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Front<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
