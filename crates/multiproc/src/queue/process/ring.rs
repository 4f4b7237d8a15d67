//! The ring of bytes behind the queue.
//!
//! Both ends have a lock of their own, so a producer and a consumer do not
//! contend, and a word that says how far that end has come. An item is
//!
//! ```text
//! | length, 8 bytes | its bytes, rounded up to 8 |
//! ```
//!
//! and is put by *one* store to the tail's word, after its bytes are in place,
//! and got by *one* store to the head's word, after they were copied out.
//! Whoever is killed, at whatever instruction, the ring is whole: an item is in
//! it or it is not. The locks are handed on by the kernel. There is nothing
//! that the next owner of the tail would have to repair, because the number of
//! items is in the same word as the place.
//!
//! A consumer that *claims* its item takes it by one store to its claim, before
//! it does anything else with it; moving the head follows from that, and is
//! done by the lock's next owner if the first one dies on the way.

// The ring is raw memory.
#![allow(unsafe_code)]

mod copy;
mod layout;

use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::Error;
use crate::deadline::Deadline;
use crate::shared::{Acquired, Mapping, Shared, Waiters};
use layout::{Claim, Done, End, Header, Place, Rest};

const UNIT: usize = 8;

/// A ring of byte strings in shared memory: the queue without its item type,
/// for a program that needs to know what a consumer died with.
pub struct Ring {
    header: Shared<Header>,
    data: Mapping,
    /// The size of `data` in units, less one; the size is a power of two.
    mask: u32,
    items: u32,
    claims: Shared<[Claim]>,
}

impl Ring {
    /// A ring for `items` byte strings of together `bytes` bytes, and with
    /// `claims` slots for consumers that say what they have in hand.
    pub fn new(items: usize, bytes: usize, claims: usize) -> io::Result<Self> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_string());
        let items = u32::try_from(items)
            .ok()
            .filter(|items| (1..=1 << 30).contains(items))
            .ok_or_else(|| invalid("a queue holds 1 to 2^30 items"))?;
        let units = bytes
            .div_ceil(UNIT)
            // One item may take all of it, and needs its length besides.
            .checked_add(1)
            .filter(|_| bytes > 0)
            .and_then(usize::checked_next_power_of_two)
            .and_then(|units| u32::try_from(units).ok())
            .filter(|units| *units <= 1 << 30)
            .ok_or_else(|| invalid("a queue holds 1 byte to 8 GiB"))?;
        Ok(Ring {
            header: Shared::new(Header {
                tail: End::new(),
                head: End::new(),
                rest: Rest {
                    closed: AtomicU32::new(0),
                    getters: Waiters::new(),
                    putters: Waiters::new(),
                },
                done: Done {
                    items: AtomicU32::new(0),
                    joiners: Waiters::new(),
                },
            })?,
            data: Mapping::new(units as usize * UNIT)?,
            mask: units - 1,
            items,
            claims: Shared::slice(claims, |_| Claim {
                item: AtomicU64::new(0),
                tag: AtomicU64::new(0),
            })?,
        })
    }

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
        let at = Place::load(&tail.place, Ordering::Relaxed);
        if !self.fits(at, Place::load(&tail.other, Ordering::Relaxed), units) {
            let now = Place::load(&head.place, Ordering::Acquire);
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

    /// Gets the oldest byte string into `bytes`, waiting until `deadline`.
    pub fn get(&self, bytes: &mut Vec<u8>, deadline: Deadline) -> Result<(), Error> {
        self.wait_get(deadline, || self.get_once(bytes, None))
    }

    /// Gets the oldest byte string if there is one.
    pub fn try_get(&self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.get_once(bytes, None)
    }

    /// Gets as [`get`](Self::get) does, and *claims* the item in slot `claim`
    /// before anything else is done with it: should this process die before
    /// [`release`](Self::release), [`claimed`](Self::claimed) tells what it had
    /// in hand, even if it died of taking memory for the item. A slot belongs
    /// to one process at a time.
    pub fn claim(
        &self,
        claim: usize,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        self.wait_get(deadline, || self.get_once(bytes, Some(&self.claims[claim])))
    }

    /// Says that the item claimed in slot `claim` has been dealt with.
    pub fn release(&self, claim: usize) {
        self.claims[claim].item.store(0, Ordering::Release);
    }

    /// The first eight bytes of the item that the owner of slot `claim` died
    /// with, and empties the slot. Call it when that process has ended.
    ///
    /// What is told here is out of the ring: nobody else got it or will.
    pub fn claimed(&self, claim: usize) -> Option<[u8; 8]> {
        // It may have died between claiming and moving the head: see
        // `lock_head`.
        self.lock_head();
        self.header.head.lock.unlock();
        let claim = &self.claims[claim];
        let item = claim.item.swap(0, Ordering::AcqRel);
        (item != 0).then(|| claim.tag.load(Ordering::Relaxed).to_ne_bytes())
    }

    fn wait_get(
        &self,
        deadline: Deadline,
        mut get: impl FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        match get() {
            Err(Error::Empty) => {}
            result => return result,
        }
        let likely = || !self.is_empty() || self.is_closed();
        self.header
            .rest
            .getters
            .wait_until(deadline, likely, || match get() {
                Err(Error::Empty) => None,
                result => Some((result, !self.is_empty() || self.is_closed())),
            })
            .unwrap_or(Err(Error::Empty))
    }

    fn get_once(&self, bytes: &mut Vec<u8>, claim: Option<&Claim>) -> Result<(), Error> {
        self.lock_head();
        let result = self.get_locked(bytes, claim);
        self.header.head.lock.unlock();
        if result.is_ok() {
            self.header.rest.putters.wake_one();
        }
        result
    }

    fn get_locked(&self, bytes: &mut Vec<u8>, claim: Option<&Claim>) -> Result<(), Error> {
        let Header { tail, head, .. } = &*self.header;
        let at = Place::load(&head.place, Ordering::Relaxed);
        if at == Place::load(&head.other, Ordering::Relaxed) {
            // Asked before the tail is read: once closed, the tail stays.
            let closed = self.is_closed();
            let now = Place::load(&tail.place, Ordering::Acquire);
            now.store(&head.other);
            if at == now {
                return Err(if closed { Error::Closed } else { Error::Empty });
            }
        }
        let len = self.length_at(at.units);
        // Only a stray write into the ring could make this fail; it must not
        // make us take memory for it.
        let units = self.units(len)?;
        if let Some(claim) = claim {
            // First of all: the memory for the item may be more than this
            // process can have, and then this is what it dies of.
            let mut tag = [MaybeUninit::new(0); 8];
            let known = len.min(tag.len());
            self.copy_out(at.units.wrapping_add(1), &mut tag[..known]);
            // SAFETY: zeros, and bytes that `copy_out` has written.
            let tag = tag.map(|byte| unsafe { byte.assume_init() });
            claim.tag.store(u64::from_ne_bytes(tag), Ordering::Relaxed);
            claim.item.store(at.claimed(), Ordering::Release);
        }
        bytes.clear();
        bytes.reserve(len);
        self.copy_out(
            at.units.wrapping_add(1),
            &mut bytes.spare_capacity_mut()[..len],
        );
        // SAFETY: `copy_out` has written the first `len` bytes.
        unsafe { bytes.set_len(len) };
        at.after(units).store(&head.place);
        Ok(())
    }

    fn lock_head(&self) {
        let head = &self.header.head;
        if head.lock.lock() == Acquired::OwnerDied {
            // The claim took the item. If its owner died before it moved the
            // head, it is moved here; else nobody claims the first item.
            let at = Place::load(&head.place, Ordering::Relaxed);
            let taken = |claim: &Claim| claim.item.load(Ordering::Acquire) == at.claimed();
            if self.claims.iter().any(taken)
                && let Ok(units) = self.units(self.length_at(at.units))
            {
                at.after(units).store(&head.place);
            }
        }
    }

    /// How many are in the ring.
    pub fn len(&self) -> usize {
        // The head first: it may go on meanwhile, and never passes the tail.
        let head = Place::load(&self.header.head.place, Ordering::Acquire);
        let tail = Place::load(&self.header.tail.place, Ordering::Acquire);
        tail.items.wrapping_sub(head.items).min(self.items) as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many it may hold.
    pub fn capacity(&self) -> usize {
        self.items as usize
    }

    /// The size of the largest that fits, in bytes.
    pub fn largest(&self) -> usize {
        self.mask as usize * UNIT
    }

    /// See [`Queue::task_done`](super::Queue::task_done).
    pub fn task_done(&self) -> Result<(), Error> {
        let done = &self.header.done;
        let put = || Place::load(&self.header.tail.place, Ordering::Acquire).items;
        done.items
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |items| {
                (items != put()).then(|| items.wrapping_add(1))
            })
            .map_err(|_| Error::TooManyDone)?;
        if self.all_done() {
            done.joiners.wake_all();
        }
        Ok(())
    }

    /// See [`Queue::unfinished`](super::Queue::unfinished).
    pub fn unfinished(&self) -> usize {
        // What is done first: more may be put meanwhile, never less.
        let done = self.header.done.items.load(Ordering::Acquire);
        let put = Place::load(&self.header.tail.place, Ordering::Acquire).items;
        put.wrapping_sub(done) as usize
    }

    /// See [`Queue::join`](super::Queue::join).
    pub fn join(&self, deadline: Deadline) -> bool {
        // What is done is counted by one addition, and what was put is known
        // from the tail's place: no death can leave the two apart.
        let attempt = || self.all_done().then_some(((), true));
        let joiners = &self.header.done.joiners;
        self.all_done()
            || joiners
                .wait_until(deadline, || self.all_done(), attempt)
                .is_some()
    }

    fn all_done(&self) -> bool {
        self.unfinished() == 0
    }

    /// See [`Queue::close`](super::Queue::close).
    pub fn close(&self) {
        let Header { tail, rest, .. } = &*self.header;
        // Under the lock, so that no `put` is between its look at this flag
        // and its store to the tail.
        tail.lock.lock();
        rest.closed.store(1, Ordering::SeqCst);
        tail.lock.unlock();
        rest.getters.wake_all();
        rest.putters.wake_all();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.header.rest.closed.load(Ordering::SeqCst) != 0
    }

    /// The units that a byte string of `len` takes, its length included.
    fn units(&self, len: usize) -> Result<u32, Error> {
        let units = len.div_ceil(UNIT) + 1;
        if units > self.mask as usize + 1 {
            let limit = self.largest();
            return Err(Error::TooLarge { bytes: len, limit });
        }
        Ok(units as u32)
    }

    fn fits(&self, tail: Place, head: Place, units: u32) -> bool {
        let used = tail.units.wrapping_sub(head.units);
        let items = tail.items.wrapping_sub(head.items);
        items < self.items && u64::from(used) + u64::from(units) <= u64::from(self.mask) + 1
    }

    fn has_room(&self, len: usize) -> bool {
        let head = Place::load(&self.header.head.place, Ordering::Acquire);
        let tail = Place::load(&self.header.tail.place, Ordering::Acquire);
        self.units(len)
            .is_ok_and(|units| self.fits(tail, head, units))
    }
}
