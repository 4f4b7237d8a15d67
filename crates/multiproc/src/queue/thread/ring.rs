//! First in, first out, at most so many: a ring of slots that many threads put
//! into and get from without a lock (Vyukov's bounded queue).
//!
//! Putters and getters each write one word of their own for an item, and meet only
//! in its slot. That word says everything: how many were put or got, and whether
//! the queue is closed. So there is no counter besides.

use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::rejected::Rejected;
use super::sync::{AtomicU64, Backoff, CachePadded, Cell, Ordering};
use crate::queue::Error;

/// A flag in the tail: no more may be put.
const CLOSED: u64 = 1 << 63;

/// The largest number of slots, and how much memory they may take: all of it is
/// taken, and written to, at the start.
const MOST: usize = 1 << 16;
const MOST_BYTES: usize = 4 << 20;

/// A position is the number of a slot in the low bits, and in those above how
/// often all slots were filled before. It would take centuries to reach 2^62.
pub(super) struct Ring<T> {
    /// Where the next item is put, and [`CLOSED`].
    tail: CachePadded<AtomicU64>,
    /// From where the next item is got.
    head: CachePadded<AtomicU64>,
    slots: Box<[Slot<T>]>,
    /// How many bits the number of a slot has.
    bits: u32,
}

struct Slot<T> {
    /// Twice the position for which it is free; one more once that item is in.
    stamp: AtomicU64,
    item: Cell<MaybeUninit<T>>,
}

// SAFETY: an item is handed from the thread that puts it to the one that gets it,
// and no two threads have it at once: see `push` and `pop`.
#[expect(unsafe_code, reason = "slots that threads write by turns")]
unsafe impl<T: Send> Sync for Ring<T> {}

// Nothing of the caller's runs while an item is half in or half out.
impl<T> UnwindSafe for Ring<T> {}
impl<T> RefUnwindSafe for Ring<T> {}

impl<T> Ring<T> {
    /// Whether a ring with room for so many items is not too large.
    pub(super) fn may_have(capacity: usize) -> bool {
        (1..=MOST.min(MOST_BYTES / size_of::<Slot<T>>())).contains(&capacity)
    }

    /// # Panics
    ///
    /// Without a slot, or with more than [`MOST`].
    pub(super) fn new(capacity: usize) -> Self {
        assert!((1..=MOST).contains(&capacity));
        let slot = |position| Slot {
            stamp: AtomicU64::new(free_for(position)),
            item: Cell::new(MaybeUninit::uninit()),
        };
        Ring {
            tail: CachePadded::new(AtomicU64::new(0)),
            head: CachePadded::new(AtomicU64::new(0)),
            slots: (0..capacity as u64).map(slot).collect(),
            bits: capacity.next_power_of_two().trailing_zeros(),
        }
    }

    /// Puts an item, or gives it back when the ring is full or closed.
    pub(super) fn push(&self, item: T) -> Result<(), Rejected<T>> {
        let rejected = |error, item| Err(Rejected { error, item });
        let backoff = Backoff::new();
        let mut tail = self.tail.load(Ordering::Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return rejected(Error::Closed, item);
            }
            let slot = self.slot(tail);
            if slot.stamp.load(Ordering::Acquire) == free_for(tail) {
                match self.tail.compare_exchange_weak(
                    tail,
                    self.next(tail),
                    Ordering::SeqCst,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => {
                        // SAFETY: the slot was free for this position, which is
                        // now this thread's alone, and its getter waits for the stamp.
                        #[expect(unsafe_code, reason = "a slot that is this thread's")]
                        slot.item.with_mut(|place| unsafe { (*place).write(item) });
                        slot.stamp.store(filled_at(tail), Ordering::Release);
                        return Ok(());
                    }
                    Err(now) => tail = now,
                }
                backoff.spin();
                continue;
            }
            // Either the item of a lap ago is still there: then this is full, at the
            // moment of this load. Or it is just being got, or `tail` is out of date.
            if self.lap_after(self.head.load(Ordering::SeqCst)) == tail {
                return rejected(Error::Full, item);
            }
            backoff.snooze();
            tail = self.tail.load(Ordering::Relaxed);
        }
    }

    /// Gets the next item; [`Error::Empty`] or [`Error::Closed`] when there is none.
    pub(super) fn pop(&self) -> Result<T, Error> {
        let backoff = Backoff::new();
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let slot = self.slot(head);
            if slot.stamp.load(Ordering::Acquire) == filled_at(head) {
                match self.head.compare_exchange_weak(
                    head,
                    self.next(head),
                    Ordering::SeqCst,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => {
                        // SAFETY: the item of this position is in, the position is
                        // now this thread's alone, and the next putter waits for
                        // the stamp. So the item is read once.
                        #[expect(unsafe_code, reason = "a slot that is this thread's")]
                        let item = slot
                            .item
                            .with_mut(|place| unsafe { (*place).assume_init_read() });
                        slot.stamp
                            .store(free_for(self.lap_after(head)), Ordering::Release);
                        return Ok(item);
                    }
                    Err(now) => head = now,
                }
                backoff.spin();
                continue;
            }
            // Nothing was put there at the moment of this load; or an item is just
            // being written, or `head` is out of date.
            let tail = self.tail.load(Ordering::SeqCst);
            if tail == head {
                return Err(Error::Empty);
            }
            if tail == head | CLOSED {
                return Err(Error::Closed);
            }
            backoff.snooze();
            head = self.head.load(Ordering::Relaxed);
        }
    }

    pub(super) fn len(&self) -> usize {
        loop {
            let tail = self.tail.load(Ordering::SeqCst);
            let head = self.head.load(Ordering::SeqCst);
            // Of one moment, if no item came meanwhile.
            if self.tail.load(Ordering::SeqCst) == tail {
                return (self.number(tail & !CLOSED) - self.number(head)) as usize;
            }
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no room, at the moment of the second load.
    pub(super) fn is_full(&self) -> bool {
        let tail = self.tail.load(Ordering::SeqCst) & !CLOSED;
        self.lap_after(self.head.load(Ordering::SeqCst)) == tail
    }

    /// How many items were put. An item counts before it can be got.
    pub(super) fn put(&self) -> u64 {
        self.number(self.tail.load(Ordering::SeqCst) & !CLOSED)
    }

    pub(super) fn close(&self) {
        self.tail.fetch_or(CLOSED, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.tail.load(Ordering::SeqCst) & CLOSED != 0
    }

    fn slot(&self, position: u64) -> &Slot<T> {
        &self.slots[(position & self.mask()) as usize]
    }

    fn mask(&self) -> u64 {
        (1 << self.bits) - 1
    }

    fn next(&self, position: u64) -> u64 {
        if (position & self.mask()) + 1 < self.slots.len() as u64 {
            position + 1
        } else {
            (position | self.mask()) + 1
        }
    }

    /// The same slot, the next time.
    fn lap_after(&self, position: u64) -> u64 {
        position + (1 << self.bits)
    }

    /// How many positions were before this one.
    fn number(&self, position: u64) -> u64 {
        (position >> self.bits) * self.slots.len() as u64 + (position & self.mask())
    }
}

fn free_for(position: u64) -> u64 {
    2 * position
}

fn filled_at(position: u64) -> u64 {
    2 * position + 1
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while self.pop().is_ok() {}
    }
}
