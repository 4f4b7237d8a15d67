//! How many items were put and how many are done, without a lock for each item:
//! what `task_done`, `join` and `close` need.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use super::event_count::EventCount;
use crate::deadline::Deadline;
use crate::queue::Error;

/// In the count of puts: none begins any more.
const CLOSED: u64 = 1 << 63;

/// Counts that only ever grow, `done` never beyond `put`. Producers write one
/// and consumers another, so they do not take each other's cache line away with
/// every item.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Puts that have begun, and [`CLOSED`].
    put: CachePadded<AtomicU64>,
    /// Those of them that were refused in the end. They are counted as done.
    refused: AtomicU64,
    done: CachePadded<Done>,
    joiners: CachePadded<EventCount>,
}

#[derive(Debug, Default)]
struct Done {
    count: AtomicU64,
    /// What `put` was at least, when last looked at. Whoever relies on it
    /// (Acquire) has to be after the puts that it counts, or `done` might be
    /// seen ahead of `put`.
    put_seen: AtomicU64,
}

impl Counts {
    /// One more put begins; false when the queue is closed. Either way
    /// it ends in an item that is in the queue or in [`refuse`](Self::refuse).
    /// Before the item can be got, or its `task_done` might come first.
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
    /// that had begun have ended, `come` of them with an item in the queue. Ask
    /// for that number before you ask this.
    pub(super) fn is_over(&self, come: u64) -> bool {
        // What has ended is read before what has begun: when the two are equal,
        // nothing was under way at the first reading nor begun until the second.
        let ended = come + self.refused.load(Ordering::SeqCst);
        self.put.load(Ordering::SeqCst) == CLOSED | ended
    }

    /// One item is done.
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

    /// How many items are put and not done.
    pub(super) fn unfinished(&self) -> u64 {
        // In this order, a zero was true at the moment of the first load: `put`
        // was between the two counts then, and they are equal.
        let done = self.done.count.load(Ordering::SeqCst);
        self.put() - done
    }

    fn put(&self) -> u64 {
        self.put.load(Ordering::SeqCst) & !CLOSED
    }

    /// Waits until all is done; false when the deadline came first.
    pub(super) fn join(&self, deadline: Deadline) -> bool {
        let all_done = || (self.unfinished() == 0).then_some(());
        self.joiners.wait(deadline, all_done).is_some()
    }

    #[cfg(test)]
    pub(super) fn joiners(&self) -> &EventCount {
        &self.joiners
    }
}
