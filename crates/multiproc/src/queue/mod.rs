//! Queues: one list of methods and one set of errors, between the processes
//! of a program (`multiprocessing.JoinableQueue`) and between its threads
//! (`queue.Queue`).
//!
//! | ours | Python's |
//! | --- | --- |
//! | `put`, `put_timeout`, `try_put` | `put(x)`, `put(x, timeout=t)`, `put_nowait(x)` |
//! | `get`, `get_timeout`, `try_get` | `get()`, `get(timeout=t)`, `get_nowait()` |
//! | `len`, `is_empty`, `is_full`, `capacity` | `qsize()`, `empty()`, `full()`, `maxsize` |
//! | `task_done`, `join`, `join_timeout` | `task_done()`, `join()`, none |
//! | `close` | `shutdown()` since 3.13 |
//! | [`Error::Full`], [`Error::Empty`], [`Error::Closed`] | `queue.Full`, `queue.Empty`, `queue.ShutDown` |

pub mod process;
pub mod thread;

use thiserror::Error;

/// Why an item could not be put or got.
#[derive(Debug, Error)]
pub enum Error {
    /// No room, now or within the time-out.
    #[error("the queue is full")]
    Full,
    /// No item, now or within the time-out.
    #[error("the queue is empty")]
    Empty,
    /// Nobody may put any more; to a getter: and all items are gone.
    #[error("the queue is closed")]
    Closed,
    /// The item does not fit even into an empty queue; nothing was written.
    #[error("an item of {bytes} bytes is too large for a queue of {limit}")]
    TooLarge {
        /// The size of the item, serialised.
        bytes: usize,
        /// The largest that fits.
        limit: usize,
    },
    /// The item could not be serialised, or what came is no such item.
    #[error("cannot serialise or deserialise the item: {0}")]
    Codec(String),
    /// `task_done` was called more often than items were put.
    #[error("task_done() called too many times")]
    TooManyDone,
}
