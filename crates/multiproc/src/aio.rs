//! The same machinery in an event loop (feature `tokio`): where a thread would
//! block, a task awaits.
//!
//! | awaited | how | if it is dropped before its end |
//! | --- | --- | --- |
//! | [`AsyncResult`](crate::pool::AsyncResult) of a pool's task | `result.await`, in any event loop and without this feature | nothing is lost: await it again |
//! | [`Process`](crate::process::Process) | [`join_async`](crate::process::Process::join_async) | nothing is lost |
//! | [`AsyncConnection`]: receiving | [`recv_bytes`](AsyncConnection::recv_bytes), [`recv`](AsyncConnection::recv) | what has come of the message is kept for the next call |
//! | [`AsyncConnection`]: sending | [`send_bytes`](AsyncConnection::send_bytes), [`send`](AsyncConnection::send) | a message that has begun stays to be sent: by [`flush`](AsyncConnection::flush), or before the next one |
//! | [`Queue`](crate::queue::process::Queue) between processes | [`get_async`](crate::queue::process::Queue::get_async) | no item is lost |
//! | the same, putting | [`put_async`](crate::queue::process::Queue::put_async) | **not cancel-safe**: the item may be put all the same, or not |
//!
//! # Fork first
//!
//! A runtime may have threads, and then nothing can be forked any more
//! ([`SpawnError::MultiThreaded`](crate::process::SpawnError::MultiThreaded)).
//! So make pools and processes first, then the runtime. A pool can still replace
//! its workers, since a helper process forks them.
//!
//! ```
//! use multiproc::pool::Pool;
//!
//! let pool = Pool::new(2, |n: u64| n * n)?;
//! let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! let square = runtime.block_on(async { pool.apply_async(12).await })?;
//! assert_eq!(square, 144);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Pool::apply_async`](crate::pool::Pool::apply_async) itself waits while the
//! pool's queue has no room, which would stop the loop: bound the number of
//! tasks that are under way, with a semaphore for instance.

#![expect(unsafe_code, reason = "tokio's own way to take a descriptor is unsafe")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

pub use crate::connection::AsyncConnection;

/// Registers a descriptor with the runtime that runs in this thread.
pub(crate) fn registered(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` owns one open descriptor, always the same; it is
    // closed when the `AsyncFd` drops it, and by nobody else.
    let registered = unsafe { AsyncFd::register(fd) };
    registered.map_err(Into::into)
}
