//! On whose behalf a thread waits, and until when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};

use multiproc::deadline::Deadline;

/// Somebody who waits in one thread and may be gone before the wait is over.
#[derive(Debug)]
pub(crate) struct Caller {
    gone: AtomicBool,
    thread: Thread,
}

impl Caller {
    /// A caller served by the current thread.
    pub(crate) fn here() -> Self {
        Caller {
            gone: AtomicBool::new(false),
            thread: thread::current(),
        }
    }

    /// Calls off the wait that is under way, and all to come.
    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::SeqCst);
        // If the thread has looked already and not yet parked, this makes its
        // park return at once.
        self.thread.unpark();
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }
}

/// How long a call may wait, and for whom.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) caller: &'a Caller,
}

impl Wait<'_> {
    /// Sleeps until woken, for the right reason or another.
    pub(crate) fn park(&self) {
        match self.deadline.remaining() {
            None => thread::park(),
            Some(left) => thread::park_timeout(left),
        }
    }
}
