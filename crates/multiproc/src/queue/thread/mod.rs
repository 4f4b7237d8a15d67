//! Queues between the threads of a process: Python's `queue.Queue`,
//! `LifoQueue` and `PriorityQueue`.
//!
//! ```
//! use multiproc::queue::Error;
//! use multiproc::queue::thread::Queue;
//!
//! let queue = Queue::new(2);
//! std::thread::scope(|scope| -> Result<(), Error> {
//!     scope.spawn(|| {
//!         while let Ok(word) = queue.get() {
//!             println!("got {word}");
//!             let _ = queue.task_done(); // cannot fail: once for each get
//!         }
//!     });
//!     for word in ["one", "two", "three"] {
//!         queue.put(word)?;
//!     }
//!     queue.join();
//!     queue.close();
//!     Ok(())
//! })?;
//! assert!(queue.is_empty());
//! # Ok::<(), Error>(())
//! ```
//!
//! An item is moved from thread to thread, never copied, so an item that a queue
//! refuses comes back in [`Rejected`]. Besides the common methods there are
//!
//! | ours | Python's |
//! | --- | --- |
//! | [`Queue::lifo`], [`Queue::priority`] | `LifoQueue`, `PriorityQueue` |
//!
//! The parts: `store` holds the items (first in, first out: in a `ring` if there is
//! a bound, in a `channel` if not), knows how many were put and whether more may
//! come, and never waits; `event_count` does all the waiting; `counts` counts what
//! is done.

mod channel;
mod counts;
mod event_count;
mod rejected;
mod ring;
mod store;
mod sync;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::Error;
use crate::deadline::Deadline;
use counts::Counts;
use event_count::EventCount;
pub use rejected::Rejected;
use store::Store;

/// A queue between threads, shared by reference or in an `Arc`.
///
/// As in Python, a capacity of 0 means no limit.
///
/// ```
/// use multiproc::queue::Error;
/// use multiproc::queue::thread::Queue;
///
/// let queue = Queue::priority(2);
/// queue.put(9)?;
/// queue.put(3)?;
/// let rejected = queue.try_put(5).unwrap_err();
/// assert!(matches!(rejected.error, Error::Full));
/// assert_eq!(rejected.item, 5);
/// assert_eq!(queue.get()?, 3);
/// # Ok::<(), Error>(())
/// ```
pub struct Queue<T> {
    store: Store<T>,
    counts: Counts,
    /// Getters wait here for items.
    getters: CachePadded<EventCount>,
    /// Putters wait here for room.
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

    /// The smallest item first. Python's `queue.PriorityQueue(maxsize)`, which
    /// leaves the order of equal items open; here they are first in, first out.
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
    /// [`Error::Closed`] if the queue is closed, even during the wait.
    pub fn put(&self, item: T) -> Result<(), Rejected<T>> {
        self.put_until(item, || Deadline::NEVER)
    }

    /// Puts an item, waiting for room for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] after `timeout`; [`Error::Closed`].
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), Rejected<T>> {
        self.put_until(item, || Deadline::after(timeout))
    }

    /// Puts an item if there is room now.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Closed`].
    pub fn try_put(&self, item: T) -> Result<(), Rejected<T>> {
        // Also if comparing it with others panics: it is in the queue then.
        let _waking = Waking(&self.getters);
        self.store.push(item)
    }

    fn put_until(&self, item: T, deadline: impl FnOnce() -> Deadline) -> Result<(), Rejected<T>> {
        let mut waiting = match self.try_put(item) {
            Err(Rejected {
                error: Error::Full,
                item,
            }) => Some(item),
            done => return done,
        };
        let outcome = self
            .putters
            .wait(deadline(), || match self.try_put(waiting.take()?) {
                Err(Rejected {
                    error: Error::Full,
                    item,
                }) => {
                    waiting = Some(item);
                    None
                }
                done => Some(done),
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
    /// [`Error::Closed`] if the queue is closed and empty, even if it becomes so
    /// during the wait.
    pub fn get(&self) -> Result<T, Error> {
        self.get_until(|| Deadline::NEVER)
    }

    /// Takes the next item, waiting for one for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] after `timeout`; [`Error::Closed`] as for `get`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, Error> {
        self.get_until(|| Deadline::after(timeout))
    }

    /// Takes the next item if there is one now.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Closed`] as for `get`.
    pub fn try_get(&self) -> Result<T, Error> {
        let item = self.store.pop()?;
        if self.store.capacity().is_some() {
            self.putters.wake_one();
        }
        Ok(item)
    }

    fn get_until(&self, deadline: impl FnOnce() -> Deadline) -> Result<T, Error> {
        let attempt = || match self.try_get() {
            Err(Error::Empty) => None,
            done => Some(done),
        };
        // Reading the clock costs more than a get that need not wait.
        attempt()
            .or_else(|| self.getters.wait(deadline(), attempt))
            .unwrap_or(Err(Error::Empty))
    }

    /// How many items are in the queue.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is no item. Like [`is_full`](Self::is_full), the answer may
    /// be out of date at once: other threads put and get meanwhile.
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

    /// Reports that an item from the queue is done. Call it once for each get.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDone`] if every item that was put is already done; nothing
    /// changes then. Python's `ValueError`.
    pub fn task_done(&self) -> Result<(), Error> {
        self.counts.done(|| self.store.put())
    }

    /// How many items were put and are not done: Python's `unfinished_tasks`.
    pub fn unfinished(&self) -> u64 {
        self.counts.unfinished(|| self.store.put())
    }

    /// Waits until every item that was put is done.
    pub fn join(&self) {
        self.counts.join(Deadline::NEVER, || self.store.put());
    }

    /// Like [`join`](Self::join), for at most `timeout`; returns whether all
    /// items are done.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.counts
            .join(Deadline::after(timeout), || self.store.put())
    }

    /// Closes the queue: nothing can be put any more, and getters get what is
    /// left and then [`Error::Closed`]. Whoever is blocked in a put or a get
    /// wakes up. `join` still waits for what is not done. Python 3.13's
    /// `shutdown()`.
    pub fn close(&self) {
        self.store.close();
        self.getters.wake_all();
        self.putters.wake_all();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.store.is_closed()
    }
}

/// Wakes a sleeper when dropped.
struct Waking<'a>(&'a EventCount);

impl Drop for Waking<'_> {
    fn drop(&mut self) {
        self.0.wake_one();
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
