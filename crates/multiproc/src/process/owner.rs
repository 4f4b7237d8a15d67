//! Which process made a handle. A forked child has a copy of every handle of its
//! parent; dropping the copy must not end what belongs to the parent.

#![expect(unsafe_code, reason = "pthread_atfork(3) has no safe form")]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, getpid};

/// How many forks lie between the first process and this one. It tells most
/// copies apart without a system call: every fork through the C library counts,
/// daemon(3) included, but not a bare clone(2).
static FORKS: AtomicU32 = AtomicU32::new(0);

/// The process that made a handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pid: Pid,
    forks: u32,
}

impl Owner {
    /// The calling process.
    pub(crate) fn this_process() -> Self {
        static COUNTING: Once = Once::new();
        COUNTING.call_once(|| {
            // SAFETY: the handler only adds to a number, and lives as long as the
            // process. If it cannot be registered (no memory), `is_current` still
            // compares the pids.
            unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
        });
        Owner {
            pid: getpid(),
            forks: FORKS.load(Ordering::Relaxed),
        }
    }

    /// Its pid.
    pub(crate) fn pid(self) -> Pid {
        self.pid
    }

    /// Whether the calling process is certainly another one. Needs no system
    /// call, for places where each microsecond counts.
    pub(crate) fn is_surely_other(self) -> bool {
        FORKS.load(Ordering::Relaxed) != self.forks
    }

    /// Whether it is the calling process. (The pid alone does not tell: in a PID
    /// namespace of its own a child may have the same pid as its parent.)
    pub(crate) fn is_current(self) -> bool {
        !self.is_surely_other() && getpid() == self.pid
    }
}

unsafe extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
