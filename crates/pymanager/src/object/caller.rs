//! On whose behalf a thread waits, and until when.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use multiproc::deadline::Deadline;

use super::Served;
use crate::status::ConnectionStatus;

/// Somebody who waits in one thread and may be gone before the wait is over.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The number of the connection; 0 is the serving program itself.
    number: u64,
    gone: AtomicBool,
    /// Whether a method waits on its behalf.
    waiting: AtomicBool,
    thread: Thread,
    hang_up: HangUp,
    /// The objects that have to hear of the connection's end.
    holds: Mutex<Vec<Served>>,
    /// How many calls it has made.
    calls: AtomicU64,
    doing: Mutex<Doing>,
}

/// What a caller calls itself, and what it does.
#[derive(Debug, Default)]
struct Doing {
    name: String,
    object: String,
    /// Empty between two calls.
    method: String,
}

/// How much of a client's words is kept to be shown.
const SHOWN: usize = 100;

impl Caller {
    /// A caller in the program that serves, in the current thread.
    pub(crate) fn here() -> Self {
        Self::connection(0)
    }

    /// Somebody who has gone already: nothing waits on his behalf.
    pub(crate) fn nobody() -> Self {
        let nobody = Self::here();
        nobody.gone.store(true, Ordering::SeqCst);
        nobody
    }

    /// The connection of this number, served by the current thread.
    pub(crate) fn connection(number: u64) -> Self {
        Self::over(number, HangUp::default())
    }

    /// The same, of a connection that can be ended from outside.
    pub(crate) fn over(number: u64, hang_up: HangUp) -> Self {
        Caller {
            number,
            gone: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            thread: thread::current(),
            hang_up,
            holds: Mutex::default(),
            calls: AtomicU64::new(0),
            doing: Mutex::default(),
        }
    }

    /// The connection's number, which no other connection ever has.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What ends the connection.
    pub(crate) fn hang_up(&self) -> HangUp {
        self.hang_up.clone()
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

    /// What the client calls itself.
    pub(crate) fn is_called(&self, name: Option<&str>) {
        let mut doing = self.doing();
        doing.name = name.unwrap_or_default().chars().take(SHOWN).collect();
    }

    /// It begins a call.
    pub(crate) fn begins(&self, object: &str, method: &str) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut doing = self.doing();
        // The memory of the last call's names is used again.
        doing.object.clear();
        doing.object.extend(object.chars().take(SHOWN));
        doing.method.clear();
        doing.method.extend(method.chars().take(SHOWN));
    }

    /// The call is over.
    pub(crate) fn is_done(&self) {
        self.doing().method.clear();
    }

    /// Says what it does.
    pub(crate) fn describe(&self, told: &mut ConnectionStatus) {
        let doing = self.doing();
        told.name.clone_from(&doing.name);
        told.calls = self.calls.load(Ordering::Relaxed);
        if !doing.method.is_empty() {
            told.object = Some(doing.object.clone());
            told.method = Some(doing.method.clone());
            told.waiting = self.waiting.load(Ordering::SeqCst);
        }
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Ends a connection from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct HangUp(Option<Arc<TcpStream>>);

impl HangUp {
    pub(crate) fn of(stream: &Arc<TcpStream>) -> Self {
        HangUp(Some(Arc::clone(stream)))
    }

    pub(crate) fn hang_up(&self) {
        if let Some(stream) = &self.0 {
            // One that is closed already cannot be closed.
            let _ = stream.shutdown(Shutdown::Both);
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
        self.park_until(None);
    }

    /// The same, and not beyond this moment.
    pub(crate) fn park_until(&self, moment: Option<Instant>) {
        let left = moment.map(|moment| moment.saturating_duration_since(Instant::now()));
        let left = match (self.deadline.remaining(), left) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.caller.waiting.store(true, Ordering::SeqCst);
        match left {
            None => thread::park(),
            Some(left) => thread::park_timeout(left),
        }
        self.caller.waiting.store(false, Ordering::SeqCst);
    }
}
