//! Looking for a client's next request for a moment, before sleeping until it
//! comes.
//!
//! A client that makes one call after the other has its next request ready some
//! 20 µs after the last reply. To sleep meanwhile costs more than that: the
//! server's processor goes idle, and it is the client who has to wake it, which
//! is slowest in a virtual machine. So a thread looks for a while that is no
//! longer than a sleep and a wake-up take. That is time lost on a client that has
//! something else to do, and on a processor that others want:
//!
//! - A thread that has looked in vain sleeps the next time, and twice as often
//!   each time it happens again, up to [`MOST`] times. One whose client has
//!   nothing to say looks once, and then sleeps for as long as that lasts.
//! - A thread that found its request too late has not had the processor for
//!   itself, and counts as one that has looked in vain.
//! - Only so many threads look at once ([`Places`]).

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long to look: what a sleep and a wake-up of an idle processor take.
const LONGEST: Duration = Duration::from_micros(50);

/// How many times a thread sleeps at most before it looks again.
const MOST: u32 = 1023;

/// Between two looks, so that they do not keep the socket from what arrives.
const PAUSES: u32 = 10;

/// How many threads may look at once.
#[derive(Debug)]
pub(crate) struct Places(AtomicUsize);

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Places(AtomicUsize::new(count))
    }

    fn take(&self) -> Option<Place<'_>> {
        let one_less = |free: usize| free.checked_sub(1);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.is_ok().then_some(Place(self))
    }
}

struct Place<'a>(&'a Places);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether to look, on one connection.
#[derive(Debug)]
pub(crate) struct Spin {
    places: Arc<Places>,
    /// How many sleeps the last look in vain has cost, halved by each request
    /// found in time since.
    pause: u32,
    /// How many sleeps are still to come before the next look.
    sleeps: u32,
}

impl Spin {
    pub(crate) fn new(places: &Arc<Places>) -> Self {
        Spin {
            places: Arc::clone(places),
            pause: 0,
            sleeps: 0,
        }
    }

    /// Calls `look` until it finds something, for a moment at most, or not at
    /// all: who gets nothing is to sleep.
    pub(crate) fn find<T>(&mut self, look: impl FnMut() -> Option<T>) -> Option<T> {
        self.find_within(LONGEST, look)
    }

    fn find_within<T>(
        &mut self,
        longest: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if self.sleeps > 0 {
            self.sleeps -= 1;
            return None;
        }
        let place = self.places.take()?;
        let start = Instant::now();
        let (found, in_time) = loop {
            let found = look();
            let in_time = start.elapsed() < longest;
            if found.is_some() || !in_time {
                break (found, in_time);
            }
            (0..PAUSES).for_each(|_| hint::spin_loop());
        };
        drop(place);
        if in_time {
            // Not to zero: one that is lucky now and then goes on sleeping.
            self.pause /= 2;
        } else {
            self.pause = (2 * self.pause + 1).min(MOST);
            self.sleeps = self.pause;
        }
        found
    }
}

#[cfg(test)]
mod tests;
