//! Which process made a handle. A child has a copy of all that its parent has;
//! what it does with its copy must not end what is the parent's.

// pthread_atfork(3) has no safe form.
#![allow(unsafe_code)]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, getpid};

/// How many forks lie between the first process and this one. It tells most
/// copies without a system call: any fork of the C library counts, so also
/// daemon(3)'s, but not a bare clone(2).
static FORKS: AtomicU32 = AtomicU32::new(0);

/// The process that made something.
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
            // SAFETY: the handler adds to a number, and lives as long as the
            // process. Without memory for it, `is_current` asks the system.
            unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
        });
        Owner {
            pid: getpid(),
            forks: FORKS.load(Ordering::Relaxed),
        }
    }

    /// Its number.
    pub(crate) fn pid(self) -> Pid {
        self.pid
    }

    /// Whether the calling process is certainly another one; asked without a
    /// system call, for where each microsecond counts.
    pub(crate) fn is_surely_other(self) -> bool {
        FORKS.load(Ordering::Relaxed) != self.forks
    }

    /// Whether it is the calling process. (In a PID namespace of its own a
    /// child may have its parent's number: so the forks count, too.)
    pub(crate) fn is_current(self) -> bool {
        !self.is_surely_other() && getpid() == self.pid
    }
}

unsafe extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
