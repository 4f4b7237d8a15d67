//! Why a child could not be started.

use std::io;

use thiserror::Error;

use crate::error_text::debug_as_message;

/// Why a child could not be started. Its `Debug` is its message with the
/// causes behind it.
#[derive(Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The process has several threads, and forking it is unsafe.
    ///
    /// Join threads by their handles: `std::thread::scope` by itself waits for
    /// their closures only, and they may be there for a moment longer.
    #[error(
        "cannot fork: this process has {threads} threads, and a fork copies only one; \
         start processes and pools before threads"
    )]
    MultiThreaded {
        /// How many there are.
        threads: usize,
    },
    /// The threads of this process cannot be counted, and so forking it may be
    /// unsafe: `/proc` is not there, in a chroot(2) for one.
    #[error("cannot fork: the threads of this process cannot be counted without /proc")]
    NoProc(#[source] io::Error),
    /// This process holds a lock in shared memory; the child would think that
    /// it holds the lock, too.
    #[error("cannot fork while holding a shared lock: release it first")]
    LockHeld,
    /// The system refused: `EAGAIN` is the limit on processes, `EMFILE` the
    /// one on descriptors, `ENOMEM` memory (or a PID namespace whose first
    /// process has ended).
    #[error("cannot start a process")]
    System(#[from] io::Error),
}

debug_as_message!(SpawnError);
