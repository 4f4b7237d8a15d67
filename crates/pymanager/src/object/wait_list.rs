//! Threads that wait, first come, first woken.

use std::collections::VecDeque;
use std::thread::{self, Thread};

/// A waiter's number in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// The line itself. Whoever is woken has left it.
#[derive(Debug, Default)]
pub(crate) struct WaitList {
    line: VecDeque<(Ticket, Thread)>,
    next: u64,
}

impl WaitList {
    /// The current thread lines up; again with its `old` ticket if it had one,
    /// so that being woken in vain does not send it to the end.
    pub(crate) fn enter(&mut self, old: Option<Ticket>) -> Ticket {
        let ticket = old.unwrap_or_else(|| {
            self.next += 1;
            Ticket(self.next)
        });
        if let Err(index) = self.find(ticket) {
            self.line.insert(index, (ticket, thread::current()));
        }
        ticket
    }

    /// Leaves the line, in which it may be no more.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        if let Ok(index) = self.find(ticket) {
            self.line.remove(index);
        }
    }

    pub(crate) fn wake_one(&mut self) {
        if let Some((_, thread)) = self.line.pop_front() {
            thread.unpark();
        }
    }

    pub(crate) fn wake_all(&mut self) {
        for (_, thread) in self.line.drain(..) {
            thread.unpark();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    fn find(&self, ticket: Ticket) -> Result<usize, usize> {
        self.line
            .binary_search_by_key(&ticket, |(ticket, _)| *ticket)
    }
}
