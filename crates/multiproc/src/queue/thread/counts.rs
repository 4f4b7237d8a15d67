//! How many items were put and how many are done, for `task_done`, `join` and
//! `close`, without taking a lock for each item.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use super::event_count::EventCount;
use crate::deadline::Deadline;
use crate::queue::Error;

/// A flag in the count of puts: no more may begin.
const CLOSED: u64 = 1 << 63;

/// Counts that only ever grow; `done` never exceeds `put`. Producers write one
/// and consumers the other, each on a cache line of its own, so that they do not
/// take it away from each other with every item.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Puts that have begun, and [`CLOSED`].
    put: CachePadded<AtomicU64>,
    /// How many of those were refused in the end. They also count as done.
    refused: AtomicU64,
    done: CachePadded<Done>,
    joiners: CachePadded<EventCount>,
}

#[derive(Debug, Default)]
struct Done {
    count: AtomicU64,
    /// A lower bound of `put`: its value when last read. Whoever relies on it must
    /// see the puts that it counts (so it is loaded with Acquire), or `done` might
    /// seem to be ahead of `put`.
    put_seen: AtomicU64,
}

impl Counts {
    /// Counts one more put; returns false if the queue is closed. Either way, the
    /// put must end with an item in the queue or with [`refuse`](Self::refuse).
    /// Call it before the item can be got, or its `task_done` might come first.
    pub(super) fn begin_put(&self) -> bool {
        self.put.fetch_add(1, Ordering::SeqCst) & CLOSED == 0
    }

    /// A put that has begun does not come about.
    pub(super) fn refuse(&self) {
        // A `task_done` too many may have used this one up meanwhile; then the
        // counts agree already.
        let _ = self.done();
        self.refused.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn close(&self) {
        self.put.fetch_or(CLOSED, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.put.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// Whether no item will ever come again: the queue is closed, and all puts
    /// that had begun have ended, `come` of them with an item in the queue. Read
    /// that number before you call this.
    pub(super) fn is_over(&self, come: u64) -> bool {
        // Read what has ended before what has begun. If the two are equal, no put
        // was under way at the first read, and none began before the second.
        let ended = come + self.refused.load(Ordering::SeqCst);
        self.put.load(Ordering::SeqCst) == CLOSED | ended
    }

    /// Counts one item as done.
    pub(super) fn done(&self) -> Result<(), Error> {
        let Done { count, put_seen } = &*self.done;
        let mut done = count.load(Ordering::Acquire);
        loop {
            if done >= put_seen.load(Ordering::Acquire) {
                let put = self.put();
                put_seen.store(put, Ordering::Release);
                if done >= put {
                    return Err(Error::TooManyDone);
                }
            }
            match count.compare_exchange_weak(done, done + 1, Ordering::SeqCst, Ordering::Acquire) {
                Ok(_) => break,
                Err(current) => done = current,
            }
        }
        if self.joiners.has_sleepers() && self.unfinished() == 0 {
            self.joiners.wake_all();
        }
        Ok(())
    }

    /// How many items were put and are not done.
    pub(super) fn unfinished(&self) -> u64 {
        // In this order a zero is true: at the moment of the first load, `put`
        // was at least `done` and at most what is read next, and those are equal.
        let done = self.done.count.load(Ordering::SeqCst);
        self.put() - done
    }

    fn put(&self) -> u64 {
        self.put.load(Ordering::SeqCst) & !CLOSED
    }

    /// Waits until all items are done; false if the deadline comes first.
    pub(super) fn join(&self, deadline: Deadline) -> bool {
        let all_done = || (self.unfinished() == 0).then_some(());
        self.joiners.wait(deadline, all_done).is_some()
    }

    #[cfg(test)]
    pub(super) fn joiners(&self) -> &EventCount {
        &self.joiners
    }
}
