//! Why a child could not be started.

use std::io;

use thiserror::Error;

use crate::error_text::debug_as_message;

/// Why a child could not be started. `Debug` prints the message and its causes.
///
/// ```
/// use multiproc::process::{Process, SpawnError};
///
/// let thread = std::thread::spawn(std::thread::park);
/// let refused = Process::spawn("child", || {});
/// assert!(matches!(refused, Err(SpawnError::MultiThreaded { threads: 2 })));
/// # thread.thread().unpark();
/// ```
#[derive(Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The process has several threads, and forking it is unsafe.
    ///
    /// Join threads by their handles before you fork. `std::thread::scope` waits
    /// only for their closures: the threads may exist for a moment longer.
    #[error(
        "cannot fork: this process has {threads} threads, and a fork copies only one; \
         start processes and pools before threads"
    )]
    MultiThreaded {
        /// How many there are.
        threads: usize,
    },
    /// This process seems to have several threads, or a filter of system calls
    /// hides that it has one, and they cannot be counted: there is no `/proc`, as
    /// in a bare chroot(2).
    #[error("cannot fork: the threads of this process cannot be counted without /proc")]
    NoProc(#[source] io::Error),
    /// This process holds a lock in shared memory; the child would think it
    /// holds the lock too.
    #[error("cannot fork while holding a shared lock: release it first")]
    LockHeld,
    /// The system refused. `EAGAIN` is the limit on processes, `EMFILE` the one
    /// on descriptors, `ENOMEM` a lack of memory (or a PID namespace whose first
    /// process has ended).
    #[error("cannot start a process")]
    System(#[from] io::Error),
}

debug_as_message!(SpawnError);
