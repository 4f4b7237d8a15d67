//! How many items were put and how many are done: what `task_done` and `join`
//! need, without a lock for each item.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use super::waiters::Waiters;
use crate::deadline::Deadline;
use crate::queue::Error;

/// Two counts that only ever grow, `done` never beyond `put`. Producers write
/// one and consumers the other, so they do not take each other's cache line
/// away with every item.
#[derive(Debug, Default)]
pub(super) struct Tally {
    put: CachePadded<AtomicU64>,
    done: CachePadded<Done>,
    joiners: CachePadded<Waiters>,
}

#[derive(Debug, Default)]
struct Done {
    count: AtomicU64,
    /// What `put` was at least, when last looked at.
    put_seen: AtomicU64,
}

impl Tally {
    /// One more item. To be called before anybody can get it, or its
    /// `task_done` might come first.
    pub(super) fn put(&self) {
        self.put.fetch_add(1, Ordering::SeqCst);
    }

    /// The item counted last could not be put after all.
    pub(super) fn unput(&self) {
        // A `task_done` too many may have used this one up meanwhile; then the
        // counts agree already.
        let _ = self.done();
    }

    /// One item is done.
    pub(super) fn done(&self) -> Result<(), Error> {
        let Done { count, put_seen } = &*self.done;
        let mut done = count.load(Ordering::Relaxed);
        loop {
            if done >= put_seen.load(Ordering::Relaxed) {
                let put = self.put.load(Ordering::SeqCst);
                put_seen.store(put, Ordering::Relaxed);
                if done >= put {
                    return Err(Error::TooManyDone);
                }
            }
            match count.compare_exchange_weak(done, done + 1, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => break,
                Err(current) => done = current,
            }
        }
        if self.joiners.are_there() && self.unfinished() == 0 {
            self.joiners.wake_all();
        }
        Ok(())
    }

    /// How many items are put and not done.
    pub(super) fn unfinished(&self) -> u64 {
        // In this order, a zero was true at the moment of the first load: `put`
        // was between the two counts then, and they are equal.
        let done = self.done.count.load(Ordering::SeqCst);
        let put = self.put.load(Ordering::SeqCst);
        put - done
    }

    #[cfg(test)]
    pub(super) fn joiners(&self) -> &Waiters {
        &self.joiners
    }

    /// Waits until all is done; false when the deadline came first.
    pub(super) fn join(&self, deadline: Deadline) -> bool {
        let all_done = || (self.unfinished() == 0).then_some(());
        self.joiners.wait(deadline, all_done).is_some()
    }
}
