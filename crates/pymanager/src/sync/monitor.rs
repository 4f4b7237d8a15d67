//! Something that is waited for in a line.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crate::object::Wait;

/// A state, and those who wait for it to be what they need. The first in line
/// is served first: who comes later does not overtake, and whoever is at the
/// head stays there until it has what it waits for or gives up.
#[derive(Debug)]
pub(super) struct Monitor<S>(Mutex<Inner<S>>);

#[derive(Debug)]
pub(super) struct Inner<S> {
    pub(super) state: S,
    line: VecDeque<(u64, Thread)>,
    next: u64,
}

/// The client on whose behalf a thread waited has gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl<S> Inner<S> {
    /// Lets the first in line look at the state.
    pub(super) fn wake_first(&self) {
        if let Some((_, thread)) = self.line.front() {
            thread.unpark();
        }
    }
}

impl<S> Monitor<S> {
    pub(super) fn new(state: S) -> Self {
        Monitor(Mutex::new(Inner {
            state,
            line: VecDeque::new(),
            next: 0,
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in line until the state is `ready`, and takes what it needs of
    /// it; false when the deadline came first.
    pub(super) fn wait(
        &self,
        wait: &Wait<'_>,
        ready: impl Fn(&S) -> bool,
        take: impl FnOnce(&mut S),
    ) -> Result<bool, Gone> {
        let mut ticket = None;
        loop {
            let mut inner = self.lock();
            let first = match (ticket, inner.line.front()) {
                (_, None) => true,
                (Some(ticket), Some((head, _))) => *head == ticket,
                (None, Some(_)) => false,
            };
            let ready = first && ready(&inner.state);
            let gone = wait.caller.is_gone();
            if ready || gone || wait.deadline.is_past() {
                if let Some(ticket) = ticket {
                    inner.line.retain(|(other, _)| *other != ticket);
                }
                if ready && !gone {
                    take(&mut inner.state);
                }
                // There may be enough for the next as well.
                inner.wake_first();
                return if gone { Err(Gone) } else { Ok(ready) };
            }
            if ticket.is_none() {
                inner.next += 1;
                let next = inner.next;
                ticket = Some(next);
                inner.line.push_back((next, thread::current()));
            }
            drop(inner);
            wait.park();
        }
    }
}
