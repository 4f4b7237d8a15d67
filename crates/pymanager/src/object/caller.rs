//! On whose behalf a thread waits, and until when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};

use multiproc::deadline::Deadline;

use super::Served;

/// Somebody who waits in one thread and may be gone before the wait is over.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The number of the connection; 0 is the serving program itself.
    number: u64,
    gone: AtomicBool,
    /// Whether a method waits on its behalf.
    waiting: AtomicBool,
    thread: Thread,
    /// The objects that have to hear of the connection's end.
    holds: Mutex<Vec<Served>>,
}

impl Caller {
    /// A caller in the program that serves, in the current thread.
    pub(crate) fn here() -> Self {
        Self::connection(0)
    }

    /// The connection of this number, served by the current thread.
    pub(crate) fn connection(number: u64) -> Self {
        Caller {
            number,
            gone: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            thread: thread::current(),
            holds: Mutex::default(),
        }
    }

    /// The connection's number, which no other connection ever has.
    pub(crate) fn number(&self) -> u64 {
        self.number
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

    /// Whether a method waits on its behalf now.
    #[cfg(test)]
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// From now on `object` will be told when the connection ends.
    pub(crate) fn will_tell(&self, object: &Served) {
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        if !holds.iter().any(|held| held.is(object)) {
            holds.push(object.clone());
        }
    }

    /// The connection has ended: tells all who have to know.
    pub(crate) fn tell_the_end(&self) {
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = std::mem::take(&mut *holds);
        for object in holds {
            object.connection_ended(self.number);
        }
    }
}

/// How long a call may wait, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) caller: &'a Caller,
}

impl Wait<'_> {
    /// Sleeps until woken, for the right reason or another.
    pub(crate) fn park(&self) {
        self.caller.waiting.store(true, Ordering::SeqCst);
        match self.deadline.remaining() {
            None => thread::park(),
            Some(left) => thread::park_timeout(left),
        }
        self.caller.waiting.store(false, Ordering::SeqCst);
    }
}
