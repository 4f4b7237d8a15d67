//! Queues: one list of methods and one set of errors, between the processes
//! of a program (`multiprocessing.JoinableQueue`) and between its threads
//! (`queue.Queue`).
//!
//! One vocabulary for all of them, here and in other crates. What a queue has,
//! it has under this name and with this meaning:
//!
//! | ours | what | Python's |
//! | --- | --- | --- |
//! | `put`, `put_timeout`, `try_put` | adds an item, waiting for room: as long as it takes, for a time, not at all | `put(x)`, `put(x, timeout=t)`, `put_nowait(x)` |
//! | `get`, `get_timeout`, `try_get` | takes the next item, likewise | `get()`, `get(timeout=t)`, `get_nowait()` |
//! | `capacity` | how many items fit | `maxsize` |
//! | `len`, `is_empty`, `is_full` | at this moment; others go on meanwhile | `qsize()`, `empty()`, `full()` |
//! | `task_done` | an item that was got is dealt with | `task_done()` |
//! | `unfinished` | how many were put and are not | `unfinished_tasks` |
//! | `join`, `join_timeout` | waits until none is; the second says whether | `join()`, none |
//! | `close`, `is_closed` | no more puts; getters get what is left | `shutdown()`, `is_shutdown` since 3.13 |
//!
//! and one family of errors, by whatever type they are carried:
//! [`Full`](Error::Full), [`Empty`](Error::Empty), [`Closed`](Error::Closed)
//! (`queue.Full`, `queue.Empty`, `queue.ShutDown`) and
//! [`TooManyDone`](Error::TooManyDone) (`ValueError`); where items are
//! serialised [`Codec`](Error::Codec), and where room is counted in bytes
//! [`TooLarge`](Error::TooLarge). A `try_` call and a `_timeout` that is over
//! give the same error: `Full` from a put, `Empty` from a get.

pub mod process;
pub mod thread;

use thiserror::Error;

use crate::codec;

/// Why an item could not be put or got.
#[derive(Debug, Error)]
#[non_exhaustive]
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
    Codec(#[from] codec::Error),
    /// `task_done` was called more often than items were put.
    #[error("task_done() called too many times")]
    TooManyDone,
}
