//! The ring's header in shared memory: how far each end has come, its lock, and
//! who waits.

#![expect(unsafe_code, reason = "the ProcessSafe implementations are promises")]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use crate::shared::{ProcessSafe, RawMutex, WaitWord};

/// How far an end has come: in units of 8 bytes, and in items. Both numbers only
/// grow, and wrap at 2³².
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) units: u32,
    pub(super) items: u32,
}

impl Position {
    pub(super) fn load(word: &AtomicU64, order: Ordering) -> Self {
        let word = word.load(order);
        Position {
            units: word as u32,
            items: (word >> 32) as u32,
        }
    }

    pub(super) fn store(self, word: &AtomicU64) {
        let value = u64::from(self.items) << 32 | u64::from(self.units);
        // Release: whoever sees the position sees the bytes that it stands for.
        word.store(value, Ordering::Release);
    }

    pub(super) fn after(self, units: u32) -> Self {
        Position {
            units: self.units.wrapping_add(units),
            items: self.items.wrapping_add(1),
        }
    }

    /// The claim of the item at this position: see [`Claim::item`].
    pub(super) fn claimed(self) -> u64 {
        1 << 32 | u64::from(self.items)
    }
}

/// One end of the ring.
#[repr(C, align(128))]
pub(super) struct End {
    pub(super) lock: RawMutex,
    /// The other end's position when this one last had to know it. Reading it
    /// there each time would move its cache line back and forth. Guarded by the
    /// lock.
    pub(super) other: AtomicU64,
    /// Apart from the lock: who waits at the other end watches it, and would take
    /// the lock's cache line away from its owner each time.
    pub(super) position: CachePadded<AtomicU64>,
}

impl End {
    pub(super) fn new() -> Self {
        End {
            lock: RawMutex::new(),
            other: AtomicU64::new(0),
            position: CachePadded::new(AtomicU64::new(0)),
        }
    }
}

/// What is rarely written, on cache lines apart from those of the ends.
#[repr(C, align(128))]
pub(super) struct Rest {
    /// 0, `CLOSED` or `SEALED`.
    pub(super) closed: AtomicU32,
    pub(super) getters: WaitWord,
    /// The tickets from `served` up to `asked` are those of the line: see
    /// `line.rs`. Guarded by the tail's lock.
    pub(super) asked: AtomicU32,
    pub(super) served: AtomicU32,
    /// Where those wait who find no spot in the line.
    pub(super) crowd: WaitWord,
}

/// How many producers can wait in line.
pub(super) const SPOTS: u32 = 64;

/// The spot of one producer in the line.
#[repr(C, align(64))]
pub(super) struct Spot {
    /// Held by the producer as long as it stands here. If it dies, the kernel
    /// releases it.
    pub(super) present: RawMutex,
    /// The ticket of the producer that stands here, or last stood here.
    pub(super) ticket: AtomicU32,
    /// How much room it needs.
    pub(super) units: AtomicU32,
    pub(super) waiting: WaitWord,
    /// When this producer, in front, was first seen to leave its room unused, in
    /// milliseconds of the monotonic clock; 0 if it was not.
    pub(super) idle_since: AtomicU64,
}

impl Spot {
    pub(super) fn new() -> Self {
        Spot {
            present: RawMutex::new(),
            ticket: AtomicU32::new(0),
            units: AtomicU32::new(0),
            waiting: WaitWord::new(),
            idle_since: AtomicU64::new(0),
        }
    }
}

/// `task_done` and `join`.
#[repr(C, align(128))]
pub(super) struct Done {
    pub(super) items: AtomicU32,
    pub(super) joiners: WaitWord,
}

#[repr(C)]
pub(super) struct Header {
    pub(super) tail: End,
    pub(super) head: End,
    pub(super) rest: Rest,
    pub(super) done: Done,
    pub(super) spots: [Spot; SPOTS as usize],
}

// SAFETY: atomics and locks, no pointers. What the locks guard is consistent
// after every single store, as the module says.
unsafe impl ProcessSafe for Header {
    fn init_in_place(&self) {
        self.tail.lock.init_in_place();
        self.head.lock.init_in_place();
        self.spots
            .iter()
            .for_each(|spot| spot.present.init_in_place());
    }
}

/// What a consumer has in hand: see [`Ring::claim`].
#[repr(C, align(64))]
pub(super) struct Claim {
    /// 0 for nothing, otherwise 2³² plus the number of the item.
    pub(super) item: AtomicU64,
    /// The item's first eight bytes.
    pub(super) tag: AtomicU64,
}

// SAFETY: two numbers.
unsafe impl ProcessSafe for Claim {}
