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
mod get;
mod layout;
mod line;
mod put;

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::Error;
use crate::deadline::Deadline;
use crate::shared::{Mapping, Shared, WaitWord};
use layout::{Claim, Done, End, Header, Position, Rest, SPOTS, Spot};

const UNIT: usize = 8;

/// How long a `try_` call waits for the lock of an end, which others hold for
/// as long as it takes to copy an item. One of them may be stopped just then.
const BRIEFLY: Duration = Duration::from_millis(100);

/// The deadline of a `try_` call that did not get the lock at once, by whether
/// it is worth waiting for.
fn briefly(worth: bool) -> Deadline {
    Deadline::after(if worth { BRIEFLY } else { Duration::ZERO })
}

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
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a size that is none, and when there is no memory.
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
                    getters: WaitWord::new(),
                    asked: AtomicU32::new(0),
                    served: AtomicU32::new(0),
                    crowd: WaitWord::new(),
                },
                done: Done {
                    items: AtomicU32::new(0),
                    joiners: WaitWord::new(),
                },
                spots: [(); SPOTS as usize].map(|()| Spot::new()),
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

    /// How many are in the ring.
    pub fn len(&self) -> usize {
        // The head first: it may go on meanwhile, and never passes the tail.
        let head = Position::load(&self.header.head.position, Ordering::Acquire);
        let tail = Position::load(&self.header.tail.position, Ordering::Acquire);
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
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDone`] when it was said for every item already.
    pub fn task_done(&self) -> Result<(), Error> {
        let done = &self.header.done;
        let put = || Position::load(&self.header.tail.position, Ordering::Acquire).items;
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
        let put = Position::load(&self.header.tail.position, Ordering::Acquire).items;
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
        self.wake_line();
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
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring")
            .field("items", &self.items)
            .field("largest", &self.largest())
            .finish_non_exhaustive()
    }
}
