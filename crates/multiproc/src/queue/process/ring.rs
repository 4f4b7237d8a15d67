//! The ring of bytes behind the queue.
//!
//! Each end has its own lock, so a producer and a consumer do not contend, and a
//! word that says how far the end has come. An item is
//!
//! ```text
//! | length, 8 bytes | its bytes, rounded up to 8 |
//! ```
//!
//! It is put by *one* store to the tail's word, after its bytes are in place, and
//! got by *one* store to the head's word, after they are copied out. So whoever
//! is killed, at whatever instruction, leaves the ring intact: an item is in it
//! or not. The kernel hands on the locks of the dead. The next owner of the
//! tail's lock has nothing to repair, because one word holds both the position
//! and the number of items.
//!
//! A consumer that *claims* an item takes it by one store to its claim, before
//! anything else. Moving the head is only the consequence: if the consumer dies
//! before it has done that, the lock's next owner does it.

mod copy;
mod get;
mod in_place;
mod layout;
mod line;
mod put;
mod take;

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::Error;
use crate::deadline::Deadline;
use crate::shared::{Holder, Mapping, Shared, WaitWord};
pub(crate) use get::Leave;
pub use in_place::{Front, Reserved};
use layout::{Claim, Done, End, Header, Position, Rest, SPOTS, Spot};
pub(crate) use take::{Stored, Take};

const UNIT: usize = 8;

/// Nobody may put any more. A `put` that had begun may still end.
const CLOSED: u32 = 1;
/// And none will: what is in the ring is all that there will be.
const SEALED: u32 = 2;

/// How long a `try_` call waits for the lock of an end. Others hold it for as
/// long as it takes to copy an item, unless one of them is stopped meanwhile.
const BRIEFLY: Duration = Duration::from_millis(100);

/// The deadline of a `try_` call that did not get the lock at once: now, unless
/// waiting is worth it.
fn briefly(worth: bool) -> Deadline {
    Deadline::after(if worth { BRIEFLY } else { Duration::ZERO })
}

/// A ring of byte strings in shared memory: the queue without its item type,
/// for programs that need to know which item a consumer had when it died.
///
/// ```
/// use multiproc::deadline::Deadline;
/// use multiproc::queue::process::Ring;
///
/// let ring = Ring::new(16, 1024, 1)?; // with one slot for claims
/// ring.put(b"job 0007 and its arguments", Deadline::NEVER)?;
///
/// // In the consumer:
/// let mut bytes = Vec::new();
/// ring.claim(0, &mut bytes, Deadline::NEVER)?;
///
/// // In its parent, if the consumer dies before it calls `ring.release(0)`:
/// assert_eq!(ring.claimed(0), Some(*b"job 0007"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ring {
    header: Shared<Header>,
    data: Mapping,
    /// The size of `data` in units, less one; the size is a power of two.
    mask: u32,
    items: u32,
    claims: Shared<[Claim]>,
}

impl Ring {
    /// A ring for `items` byte strings of `bytes` bytes in all, with `claims`
    /// slots for consumers that [claim](Self::claim) items.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a size is out of range; or if there is no memory.
    pub fn new(items: usize, bytes: usize, claims: usize) -> io::Result<Self> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_string());
        let items = u32::try_from(items)
            .ok()
            .filter(|items| (1..=1 << 30).contains(items))
            .ok_or_else(|| invalid("a queue holds 1 to 2^30 items"))?;
        let units = bytes
            .div_ceil(UNIT)
            // A single item may take all of it, and needs room for its length.
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
        // Read the head first: both move on meanwhile, and the head never passes
        // the tail, so this never comes out negative.
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
    /// [`Error::TooManyDone`] if every item that was put is already done.
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
        // Read what is done first: more may be put meanwhile, so this never comes
        // out negative.
        let done = self.header.done.items.load(Ordering::Acquire);
        let put = Position::load(&self.header.tail.position, Ordering::Acquire).items;
        put.wrapping_sub(done) as usize
    }

    /// See [`Queue::join`](super::Queue::join).
    pub fn join(&self, deadline: Deadline) -> bool {
        // What is done is counted in one addition, and what was put in the
        // tail's word: no death can leave a count half updated.
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
        rest.closed.fetch_max(CLOSED, Ordering::SeqCst);
        // A producer that is stopped holds the lock for as long as it likes. Then
        // a getter seals the ring, when that producer has gone on or died.
        if tail.lock.lock_until(|| briefly(true)).is_some() {
            rest.closed.store(SEALED, Ordering::SeqCst);
            tail.lock.unlock();
        }
        rest.getters.wake_all();
        self.wake_line();
    }

    /// Whether the ring is closed and the tail stays where it is.
    fn is_sealed(&self) -> bool {
        let Header { tail, rest, .. } = &*self.header;
        match rest.closed.load(Ordering::SeqCst) {
            SEALED => true,
            // Once the lock was free, no `put` is between its check of the flag
            // and its store to the tail, and none comes there any more.
            CLOSED if tail.lock.holder() == Holder::Nobody => {
                rest.closed.store(SEALED, Ordering::SeqCst);
                true
            }
            _ => false,
        }
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.header.rest.closed.load(Ordering::SeqCst) != 0
    }

    /// How many units a byte string of `len` bytes takes, its length included.
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
