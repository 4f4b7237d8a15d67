//! Queues between the processes of a program (`multiprocessing.JoinableQueue`)
//! and between its threads (`queue.Queue`), with the same methods and errors.
//!
//! Every queue uses this vocabulary, here and in other crates:
//!
//! | ours | what | Python's |
//! | --- | --- | --- |
//! | `put`, `put_timeout`, `try_put` | adds an item; waits for room as long as it takes, for a time, not at all | `put(x)`, `put(x, timeout=t)`, `put_nowait(x)` |
//! | `get`, `get_timeout`, `try_get` | takes the next item; waits likewise | `get()`, `get(timeout=t)`, `get_nowait()` |
//! | `capacity` | how many items fit | `maxsize` |
//! | `len`, `is_empty`, `is_full` | true for the moment: others may put and get meanwhile | `qsize()`, `empty()`, `full()` |
//! | `task_done` | reports that an item from the queue is done | `task_done()` |
//! | `unfinished` | how many items were put and are not done | `unfinished_tasks` |
//! | `join`, `join_timeout` | waits until all items are done; the second returns whether they are | `join()`, none |
//! | `close`, `is_closed` | no more puts; getters get what is left | `shutdown()`, `is_shutdown` since 3.13 |
//!
//! and these errors, whatever type carries them:
//!
//! - [`Full`](Error::Full), [`Empty`](Error::Empty) and
//!   [`Closed`](Error::Closed): `queue.Full`, `queue.Empty`, `queue.ShutDown`.
//!   A `try_` call and a `_timeout` that has run out return the same: `Full`
//!   from a put, `Empty` from a get.
//! - [`TooManyDone`](Error::TooManyDone): `ValueError`.
//! - [`Codec`](Error::Codec), where items are serialised.
//! - [`TooLarge`](Error::TooLarge), where room is counted in bytes.

pub mod process;
pub mod thread;

use thiserror::Error;

use crate::codec;

/// Why an item could not be put or got.
///
/// ```
/// use multiproc::queue::Error;
/// use multiproc::queue::process::Queue;
///
/// let queue = Queue::new()?;
/// queue.put(&1)?;
/// queue.close();
/// assert!(matches!(queue.put(&2), Err(Error::Closed)));
/// assert_eq!(queue.get()?, 1);
/// assert!(matches!(queue.get(), Err(Error::Closed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No room, now or within the time-out.
    #[error("the queue is full")]
    Full,
    /// No item, now or within the time-out.
    #[error("the queue is empty")]
    Empty,
    /// The queue is closed to putters. A getter gets this once it is also empty.
    #[error("the queue is closed")]
    Closed,
    /// The item would not fit even in an empty queue; nothing was written.
    #[error("an item of {bytes} bytes is too large for a queue of {limit}")]
    TooLarge {
        /// The size of the item, serialised.
        bytes: usize,
        /// The largest size that fits.
        limit: usize,
    },
    /// The item could not be serialised, or what came is not of its type.
    #[error("cannot serialise or deserialise the item: {0}")]
    Codec(#[from] codec::Error),
    /// `task_done` was called more often than items were put.
    #[error("task_done() called too many times")]
    TooManyDone,
}
