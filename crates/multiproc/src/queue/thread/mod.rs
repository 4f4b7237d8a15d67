//! Queues between the threads of a process: Python's `queue.Queue`,
//! `LifoQueue` and `PriorityQueue`.
//!
//! ```
//! use multiproc::queue::thread::Queue;
//!
//! let queue = Queue::new(2);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| {
//!         while let Ok(word) = queue.get() {
//!             println!("got {word}");
//!             queue.task_done().expect("one for each get");
//!         }
//!     });
//!     for word in ["one", "two", "three"] {
//!         queue.put(word).expect("nobody has closed the queue");
//!     }
//!     queue.join();
//!     queue.close();
//! });
//! assert!(queue.is_empty());
//! ```
//!
//! An item goes from thread to thread as it is, by a move. Nothing is copied,
//! so an item that a queue does not take comes back in [`Rejected`]. What the
//! queue between processes does not have:
//!
//! | ours | Python's |
//! | --- | --- |
//! | [`Queue::lifo`], [`Queue::priority`] | `LifoQueue`, `PriorityQueue` |
//!
//! The first-in-first-out form carries its items in a crossbeam channel. The
//! parts: `store` holds the items and never waits; `event_count` does all the
//! waiting; `counts` knows what was put, what is done, and whether more may come.

mod counts;
mod event_count;
mod putting;
mod rejected;
mod store;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::Error;
use crate::deadline::Deadline;
use counts::Counts;
use event_count::EventCount;
use putting::Putting;
pub use rejected::Rejected;
use store::Store;

/// A queue between threads, shared by reference or in an `Arc`.
///
/// As in Python, a capacity of 0 stands for no limit.
pub struct Queue<T> {
    store: Store<T>,
    counts: Counts,
    /// Items that have come, and who waits for one.
    getters: CachePadded<EventCount>,
    /// Room that was made, and who waits for it.
    putters: CachePadded<EventCount>,
}

impl<T: Send + 'static> Queue<T> {
    /// First in, first out. Python's `queue.Queue(maxsize)`.
    pub fn new(maxsize: usize) -> Self {
        Self::with(Store::fifo(limit(maxsize)))
    }

    /// Last in, first out. Python's `queue.LifoQueue(maxsize)`.
    pub fn lifo(maxsize: usize) -> Self {
        Self::with(Store::lifo(limit(maxsize)))
    }

    /// The smallest item first; equal ones first in, first out, which Python's
    /// `queue.PriorityQueue(maxsize)` leaves open.
    pub fn priority(maxsize: usize) -> Self
    where
        T: Ord,
    {
        Self::with(Store::priority(limit(maxsize)))
    }
}

fn limit(maxsize: usize) -> Option<usize> {
    (maxsize > 0).then_some(maxsize)
}

impl<T> Queue<T> {
    fn with(store: Store<T>) -> Self {
        Queue {
            store,
            counts: Counts::default(),
            getters: CachePadded::default(),
            putters: CachePadded::default(),
        }
    }

    /// Puts an item, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`], also when the queue is closed during the wait.
    pub fn put(&self, item: T) -> Result<(), Rejected<T>> {
        self.put_until(item, || Deadline::NEVER)
    }

    /// Puts an item, waiting for room for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when the time is over, [`Error::Closed`].
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), Rejected<T>> {
        self.put_until(item, || Deadline::after(timeout))
    }

    /// Puts an item if there is room now.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Closed`].
    pub fn try_put(&self, item: T) -> Result<(), Rejected<T>> {
        let rejected = |error, item| Err(Rejected { error, item });
        let open = self.counts.begin_put();
        let putting = Putting::of(self);
        if !open {
            putting.refuse();
            return rejected(Error::Closed, item);
        }
        match self.store.push(item) {
            Ok(()) => Ok(()),
            Err(item) => {
                putting.refuse();
                rejected(Error::Full, item)
            }
        }
    }

    fn put_until(&self, item: T, deadline: impl FnOnce() -> Deadline) -> Result<(), Rejected<T>> {
        let mut waiting = match self.try_put(item) {
            Err(Rejected {
                error: Error::Full,
                item,
            }) => Some(item),
            done => return done,
        };
        let outcome = self.putters.wait(deadline(), || {
            // Looking is cheaper than trying, and disturbs nobody.
            if self.store.is_full() && !self.is_closed() {
                return None;
            }
            match self.try_put(waiting.take()?) {
                Err(Rejected {
                    error: Error::Full,
                    item,
                }) => {
                    waiting = Some(item);
                    None
                }
                done => Some(done),
            }
        });
        match (outcome, waiting) {
            (None, Some(item)) => Err(Rejected {
                error: Error::Full,
                item,
            }),
            (outcome, _) => outcome.unwrap_or(Ok(())),
        }
    }

    /// Takes the next item, waiting for one as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the queue is closed and empty, also when that
    /// comes about during the wait.
    pub fn get(&self) -> Result<T, Error> {
        self.get_until(|| Deadline::NEVER)
    }

    /// Takes the next item, waiting for one for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] when the time is over, [`Error::Closed`] as for `get`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, Error> {
        self.get_until(|| Deadline::after(timeout))
    }

    /// Takes the next item if there is one now.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Closed`] as for `get`.
    pub fn try_get(&self) -> Result<T, Error> {
        if let Some(item) = self.pop() {
            return Ok(item);
        }
        if !self.counts.is_over(self.getters.count()) {
            return Err(Error::Empty);
        }
        // The last item may have come between the two lines above. None comes
        // any more now.
        self.pop().ok_or(Error::Closed)
    }

    fn get_until(&self, deadline: impl FnOnce() -> Deadline) -> Result<T, Error> {
        let attempt = || match self.try_get() {
            Err(Error::Empty) => None,
            done => Some(done),
        };
        // Asking the clock costs more than a get that need not wait.
        attempt()
            .or_else(|| self.getters.wait(deadline(), attempt))
            .unwrap_or(Err(Error::Empty))
    }

    fn pop(&self) -> Option<T> {
        let item = self.store.pop()?;
        if self.store.capacity().is_some() {
            self.putters.count_and_wake_one();
        }
        Some(item)
    }

    /// How many items are in the queue.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is no item. True for an instant, as is
    /// [`is_full`](Self::is_full): other threads go on meanwhile.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room for another item.
    pub fn is_full(&self) -> bool {
        self.store.is_full()
    }

    /// How many items the queue takes; `None` when there is no limit.
    pub fn capacity(&self) -> Option<usize> {
        self.store.capacity()
    }

    /// One item that was got is done.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDone`] when every item that was put is done already;
    /// nothing is changed then. Python's `ValueError`.
    pub fn task_done(&self) -> Result<(), Error> {
        self.counts.done()
    }

    /// How many items are put and not done: Python's `unfinished_tasks`. An
    /// item that is being refused may be counted for a moment.
    pub fn unfinished(&self) -> u64 {
        self.counts.unfinished()
    }

    /// Waits until every item that was put is done.
    pub fn join(&self) {
        self.counts.join(Deadline::NEVER);
    }

    /// Like [`join`](Self::join), for at most `timeout`; whether all is done.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.counts.join(Deadline::after(timeout))
    }

    /// Ends the queue: nothing can be put any more, getters get what is left
    /// and then [`Error::Closed`]. Whoever is blocked in a put or a get wakes.
    /// `join` goes on waiting for what is not done. Python 3.13's `shutdown()`.
    pub fn close(&self) {
        self.counts.close();
        self.getters.wake_all();
        self.putters.wake_all();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.counts.is_closed()
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("unfinished", &self.unfinished())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
