//! How many items are done, for `task_done` and `join`, without taking a lock for
//! each item. How many were put, the store knows.

use crossbeam_utils::CachePadded;

use super::event_count::EventCount;
use super::sync::{AtomicU64, Ordering};
use crate::deadline::Deadline;
use crate::queue::Error;

/// A count that only ever grows and never exceeds that of the puts. Consumers write
/// it and producers the other, each on a cache line of its own, so that they do not
/// take it away from each other with every item.
#[derive(Debug, Default)]
pub(super) struct Counts {
    done: CachePadded<Done>,
    joiners: CachePadded<EventCount>,
}

#[derive(Debug, Default)]
struct Done {
    count: AtomicU64,
    /// A lower bound of how many were put: that number when last read. Whoever
    /// relies on it must see the puts that it counts (so it is loaded with
    /// Acquire), or `done` might seem to be ahead of them.
    put_seen: AtomicU64,
}

impl Counts {
    /// Counts one item as done, of those that `put` says were put.
    pub(super) fn done(&self, put: impl Fn() -> u64) -> Result<(), Error> {
        let Done { count, put_seen } = &*self.done;
        let mut done = count.load(Ordering::Acquire);
        loop {
            if done >= put_seen.load(Ordering::Acquire) {
                let put = put();
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
        if self.joiners.has_sleepers() && self.unfinished(put) == 0 {
            self.joiners.wake_all();
        }
        Ok(())
    }

    /// How many items were put and are not done.
    pub(super) fn unfinished(&self, put: impl FnOnce() -> u64) -> u64 {
        // In this order a zero is true: at the moment of the load, the puts were at
        // least `done` and at most what is read next, and those are equal.
        let done = self.done.count.load(Ordering::SeqCst);
        put() - done
    }

    /// Waits until all items are done; false if the deadline comes first.
    pub(super) fn join(&self, deadline: Deadline, put: impl Fn() -> u64) -> bool {
        let all_done = || (self.unfinished(&put) == 0).then_some(());
        self.joiners.wait(deadline, all_done).is_some()
    }

    #[cfg(test)]
    pub(super) fn joiners(&self) -> &EventCount {
        &self.joiners
    }
}
