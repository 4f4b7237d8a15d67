//! Writing an item where it will stand in the ring, and reading it there:
//! without a copy.
//!
//! Whoever writes in place holds the tail's lock, and whoever reads in place the
//! head's. That is the price: meanwhile nobody else puts, or gets, and one that
//! is stopped just then holds up those at the same end until it goes on or dies
//! (their deadlines hold). But nothing is new to the ring: an item is put by the
//! one store, and got by the other, and nobody overwrites what is being read,
//! since the head has not moved. An item that goes over the ring's end is
//! written to, or read from, a copy.

// Slices are made of the ring's memory.
#![allow(unsafe_code)]

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
    /// Reserves room for an item of `len` bytes, waiting until `deadline`: it is
    /// written there and [put](Reserved::put). What is in it before that is of
    /// no meaning. It begins at a multiple of eight.
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

    /// The oldest item, where it stands, waiting for one until `deadline`. It is
    /// out of the ring when this is dropped; a process that dies before leaves
    /// it there, for the next one.
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
            // Without the one that we have.
            done => Some((done, self.len() > 1 || self.is_closed())),
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

    /// Where the bytes of the item at `at` are to be written, or to be read. The
    /// caller holds the lock.
    fn place(&self, at: Position, len: usize, read: bool) -> Place {
        let first = at.units.wrapping_add(1);
        let (place, left) = self.address(first);
        if len <= left {
            return Place::Ring(place);
        }
        let mut copy = Vec::with_capacity(len);
        if read {
            self.copy_out(first, &mut copy.spare_capacity_mut()[..len]);
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
    /// It goes over the ring's end.
    Copy(Vec<u8>),
}

/// Room for an item, to be written and [put](Self::put); dropped, nothing is
/// put. See [`Ring::reserve`].
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
            self.ring.copy_in(self.at.units.wrapping_add(1), copy);
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

/// The oldest item, to be read where it stands; dropped, it has been got. See
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
            // nobody writes to it before the head has passed it, which is for
            // the owner of the head's lock to move: us.
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
