//! A queue between the processes of one program:
//! `multiprocessing.JoinableQueue`.
//!
//! Make the queue, then fork the processes that use it. Any number may put, and
//! any number may get.
//!
//! ```
//! use multiproc::process::Process;
//! use multiproc::queue::process::Queue;
//!
//! let queue = Queue::new()?;
//! let producer = Process::spawn("producer", || queue.put(&"hello".to_string()))?;
//! assert_eq!(queue.get()?, "hello");
//! producer.join_success()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Any type that derives serde's `Serialize` and `Deserialize` is an item.
//! Vectors of numbers (`Vec<u8>`, `Vec<f64>`, `Vec<[f32; 3]>`) are copied as a
//! whole wherever they stand in it; no wrapper makes them faster. Types that
//! have to ask the bytes what comes next, as `serde_json::Value` does, are sent
//! as text. (See [`codec`](crate::codec).) Bytes that are too large to be copied
//! twice are written and read where they stand, by [`Ring::reserve`] and
//! [`Ring::front`]; what is larger still is not sent at all, but shared
//! ([`Array`](crate::shared::Array)).
//!
//! Items live in a [ring](Ring) of shared memory. `put` serialises the item,
//! copies the bytes into the ring and returns: from then on any process can get
//! it, whatever happens to the one that put it. So a producer may exit at once.
//! There is no feeder thread as in Python, hence no `join_thread()` (wait until
//! that thread has written everything to the pipe) and no
//! `cancel_join_thread()` (do not wait, and lose it). Where Python buffers
//! without bound, `put` waits: the queue has room for so many items and bytes.
//!
//! A process that is killed takes with it only the item that it is just putting
//! or has just got.

#[cfg(feature = "tokio")]
mod aio;
mod ring;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use super::Error;
use crate::codec::{
    PREFIX, Received, as_whole, decode, encode, is_whole, read_whole, with_scratch,
};
use crate::deadline::Deadline;
use crate::room::Room;
pub(crate) use ring::Leave;
pub use ring::{Front, Reserved, Ring};
use ring::{Stored, Take};

/// From this size on, a vector of numbers or a text is copied once on either side.
const LONG: usize = 1024;
const LEAVE: Leave = Leave {
    from: LONG,
    cut: true,
};

/// How many items a queue holds by default.
pub const DEFAULT_ITEMS: usize = 65_536;

/// How many bytes of items a queue holds by default. With the length of one item
/// that makes 1 MiB, which stays in a core's cache.
pub const DEFAULT_BYTES: usize = (1 << 20) - 8;

/// A first-in-first-out queue of `T` between processes. Clones are the same
/// queue.
///
/// ```
/// use std::time::Duration;
///
/// use multiproc::queue::Error;
/// use multiproc::queue::process::Queue;
///
/// let queue = Queue::with_capacity(2, 1024)?;
/// queue.put(&vec![0.5, 1.5])?;
/// assert_eq!(queue.get()?, [0.5, 1.5]);
/// queue.task_done()?;
/// let nothing = queue.get_timeout(Duration::from_millis(1));
/// assert!(matches!(nothing, Err(Error::Empty)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Queue<T> {
    ring: Arc<Ring>,
    _item: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// A queue of [`DEFAULT_ITEMS`] and [`DEFAULT_BYTES`].
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn new() -> io::Result<Self> {
        Self::with_capacity(DEFAULT_ITEMS, DEFAULT_BYTES)
    }

    /// A queue of at most `items` items, with room for `bytes` bytes of them,
    /// serialised. (Each item takes 8 bytes more than its own, which are rounded
    /// up to a multiple of 8. All of it is rounded up to a power of two.) A single
    /// item may be as large as `bytes`. To bound only the number of items, like
    /// Python's `maxsize`, pass [`DEFAULT_BYTES`].
    ///
    /// # Errors
    ///
    /// If a number is zero, or beyond 2³⁰ items or 8 GiB, or if the system has no
    /// memory to map.
    pub fn with_capacity(items: usize, bytes: usize) -> io::Result<Self> {
        Ok(Queue {
            ring: Arc::new(Ring::new(items, bytes, 0)?),
            _item: PhantomData,
        })
    }

    /// Puts an item, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::Codec`] and [`Error::Closed`]; the queue is
    /// unchanged then.
    pub fn put(&self, item: &T) -> Result<(), Error> {
        self.put_until(item, Deadline::NEVER)
    }

    /// Like [`put`](Self::put), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room in time, and those of `put`.
    pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<(), Error> {
        self.put_until(item, Deadline::after(timeout))
    }

    /// Like [`put`](Self::put), without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room now, and those of `put`.
    pub fn try_put(&self, item: &T) -> Result<(), Error> {
        if let Some((prefix, size, bytes)) = as_whole(item, LONG) {
            return self.ring.try_put_parts([&prefix[..size], bytes]);
        }
        with_scratch(|bytes| {
            encode(item, bytes)?;
            self.ring.try_put(bytes)
        })
    }

    fn put_until(&self, item: &T, deadline: Deadline) -> Result<(), Error> {
        if let Some((prefix, size, bytes)) = as_whole(item, LONG) {
            return self.ring.put_parts([&prefix[..size], bytes], deadline);
        }
        with_scratch(|bytes| {
            encode(item, bytes)?;
            self.ring.put(bytes, deadline)
        })
    }

    /// Gets the oldest item, waiting for one as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if the queue is closed and empty; [`Error::Codec`] if
    /// the item is not a `T` (it has been removed from the queue).
    pub fn get(&self) -> Result<T, Error> {
        self.get_until(Deadline::NEVER)
    }

    /// Like [`get`](Self::get), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if no item comes in time, and those of `get`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, Error> {
        self.get_until(Deadline::after(timeout))
    }

    /// Like [`get`](Self::get), without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if there is no item now, and those of `get`.
    pub fn try_get(&self) -> Result<T, Error> {
        if is_whole::<T>() {
            return with_scratch(|bytes| {
                if self.ring.try_get_unless_long(LEAVE, bytes)? {
                    return Ok(decode(bytes)?);
                }
                get_whole(bytes, |bytes, take| self.ring.try_get_or_take(bytes, take))
            });
        }
        with_scratch(|bytes| {
            self.ring.try_get(bytes)?;
            Ok(decode(bytes)?)
        })
    }

    fn get_until(&self, deadline: Deadline) -> Result<T, Error> {
        if is_whole::<T>() {
            return with_scratch(|bytes| {
                if self.ring.get_unless_long(LEAVE, bytes, deadline)? {
                    return Ok(decode(bytes)?);
                }
                get_whole(bytes, |bytes, take| {
                    self.ring.get_or_take(bytes, take, deadline)
                })
            });
        }
        with_scratch(|bytes| {
            self.ring.get(bytes, deadline)?;
            Ok(decode(bytes)?)
        })
    }
}

/// Gets a vector of numbers or a text that is long: it is copied out of the ring to where it
/// stays. Nothing of the item's own type runs meanwhile, and nothing is believed before
/// it is copied.
#[inline(never)]
fn get_whole<T: DeserializeOwned>(
    bytes: &mut Vec<u8>,
    get: impl FnOnce(&mut Vec<u8>, &mut Take<'_>) -> Result<bool, Error>,
) -> Result<T, Error> {
    let mut received = None;
    let mut take = |item: Stored<'_>| {
        let mut start = [0; PREFIX];
        let known = item.len.min(PREFIX);
        item.copy(0, &mut Room::over(&mut start));
        received = read_whole(&start[..known], item.len, &mut |prefix, room| {
            item.copy(prefix, room);
            true
        });
        received.is_some()
    };
    if get(bytes, &mut take)? {
        return Ok(decode(bytes)?);
    }
    match received {
        Some(received) => Ok(received.and_then(Received::check)?),
        // It was taken, so this is not reached.
        None => Err(crate::codec::Error::Short.into()),
    }
}

impl<T> Queue<T> {
    /// How many items are in the queue at this moment. An item counts as soon
    /// as its `put` has returned.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it holds as many items as it may. It may refuse an item even
    /// before that, when its bytes are used up.
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// How many items it may hold.
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Reports that an item from the queue is done. Call it once for each get.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDone`] if every item that was put is already done.
    pub fn task_done(&self) -> Result<(), Error> {
        self.ring.task_done()
    }

    /// How many items were put and are not [done](Self::task_done).
    pub fn unfinished(&self) -> usize {
        self.ring.unfinished()
    }

    /// Waits until every item that was put is [done](Self::task_done). If a
    /// process dies with an item in hand, that item is never done: where this may
    /// happen, use [`join_timeout`](Self::join_timeout).
    pub fn join(&self) {
        self.ring.join(Deadline::NEVER);
    }

    /// Like [`join`](Self::join), for at most `timeout`; returns whether all
    /// items are done.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.ring.join(Deadline::after(timeout))
    }

    /// Closes the queue for all processes: nobody may put any more, not even
    /// those who wait for room now; getters get what is left, and then
    /// [`Error::Closed`]. A process that is stopped (`SIGSTOP`) in the middle of
    /// a put holds up neither this nor other putters. But getters wait for what it
    /// is putting, until it has gone on or died.
    pub fn close(&self) {
        self.ring.close();
    }

    /// Whether [`close`](Self::close) was called, by any process.
    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue {
            ring: Arc::clone(&self.ring),
            _item: PhantomData,
        }
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
