//! Clients that wait for an item.
//!
//! One thread asks the server on behalf of all that wait, for as many items as
//! there are waiters. So a thousand idle workers cost one request a second, and a
//! client that leaves the line leaves no request behind that could swallow an item.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use jetstream_tasks::{Error, RawQueue, RawTask};
use pymanager::Call;

use crate::held::give_back;

/// How long one request waits at the server; an item that comes when the last
/// waiter has just left is given back.
const SLICE: Duration = Duration::from_secs(1);
/// The most items in one request. Further waiters wait for the next request.
const AT_ONCE: usize = 64;
/// How long to pause after an error that waiting does not mend.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub(crate) struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Arc<Place>>,
    closed: bool,
}

/// One who waits, and what he was given.
#[derive(Debug)]
struct Place {
    thread: Thread,
    task: Mutex<Option<RawTask>>,
}

impl Place {
    fn task(&self) -> MutexGuard<'_, Option<RawTask>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Waits for an item until `deadline`, or until the client is gone.
    pub(crate) fn wait(&self, call: &Call<'_>, deadline: Option<Instant>) -> Option<RawTask> {
        let place = Arc::new(Place {
            thread: thread::current(),
            task: Mutex::default(),
        });
        self.lock().waiting.push_back(Arc::clone(&place));
        self.changed.notify_all();
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            if place.task().is_some() || call.is_gone() || left.is_some_and(|left| left.is_zero()) {
                let mut state = self.lock();
                state.waiting.retain(|other| !Arc::ptr_eq(other, &place));
                // Under the lock: who is not in the line is given nothing.
                return place.task().take();
            }
            match left {
                None => thread::park(),
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    /// Serves those who wait, until the line is closed.
    pub(crate) fn serve(&self, queue: &RawQueue) {
        while let Some(wanted) = self.next_wish() {
            match queue.get_batch(wanted, SLICE) {
                Ok(tasks) => tasks
                    .into_iter()
                    .filter_map(|task| self.hand_out(task))
                    .for_each(give_back),
                // Ask the server again. Those who wait give up by themselves.
                Err(Error::Empty | Error::NoAnswer(_)) => {}
                Err(_) => {
                    let state = self.lock();
                    let waited = self
                        .changed
                        .wait_timeout_while(state, PAUSE, |state| !state.closed);
                    drop(waited.unwrap_or_else(PoisonError::into_inner));
                }
            }
        }
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// How many wait, once somebody does; `None` if the line is closed.
    fn next_wish(&self) -> Option<usize> {
        let idle = |state: &mut State| !state.closed && state.waiting.is_empty();
        let state = self.changed.wait_while(self.lock(), idle);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        (!state.closed).then(|| state.waiting.len().min(AT_ONCE))
    }

    /// Gives it to the first in the line, or back to the caller if nobody waits.
    fn hand_out(&self, task: RawTask) -> Option<RawTask> {
        let mut state = self.lock();
        let Some(place) = state.waiting.pop_front() else {
            return Some(task);
        };
        *place.task() = Some(task);
        place.thread.unpark();
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
