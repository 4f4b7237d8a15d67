//! Threads that wait, first come, first woken.

use std::collections::VecDeque;
use std::thread::{self, Thread};

/// A place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u64);

/// The line itself. Whoever is woken has left it.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    line: VecDeque<(Place, Thread)>,
    next: u64,
}

impl Waiters {
    /// The current thread lines up; again in its `old` place if it had one, so
    /// that being woken in vain does not send it to the end.
    pub(crate) fn enter(&mut self, old: Option<Place>) -> Place {
        let place = old.unwrap_or_else(|| {
            self.next += 1;
            Place(self.next)
        });
        if let Err(index) = self.find(place) {
            self.line.insert(index, (place, thread::current()));
        }
        place
    }

    /// Leaves the line; false when somebody has woken this place already.
    pub(crate) fn leave(&mut self, place: Place) -> bool {
        match self.find(place) {
            Ok(index) => self.line.remove(index).is_some(),
            Err(_) => false,
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

    fn find(&self, place: Place) -> Result<usize, usize> {
        self.line.binary_search_by_key(&place, |(place, _)| *place)
    }
}
