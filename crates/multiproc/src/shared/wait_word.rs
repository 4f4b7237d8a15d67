//! Waiting for a change in shared memory, and waking those who wait
//! (futex(2)).
//!
//! A pthread condition variable would count its waiters, and a waiter that is
//! killed stays counted: later wake-ups go to the dead. Here is one word: 0,
//! nobody waits; 1, somebody may. It is right again after any death:
//!
//! - A waiter sets 1, looks once more, and sleeps only if the word is still 1.
//! - Who makes a change sets 0 and wakes one sleeper, if the word was 1.
//! - The sleeper that was woken sets 1 again, for the others that may sleep
//!   beside it, and wakes the next one when there is enough for two.
//! - One that is killed between being woken and taking what it was woken for
//!   takes the wake-up to its grave. So nobody sleeps longer than [`RECHECK`]
//!   without looking.

use std::time::Duration;

use super::sync::{self, AtomicU32, Ordering, SPINS, fence};
use super::value::{Plain, ProcessSafe};
use crate::deadline::Deadline;

/// How long a wake-up that died with its receiver can delay another waiter.
/// Five looks a second cost less than half a millisecond of CPU time.
const RECHECK: Duration = Duration::from_millis(200);

const NOBODY: u32 = 0;
const SOMEBODY: u32 = 1;

/// Those who wait for one kind of change. Keep what they look at in memory
/// that all of them share.
#[derive(Debug)]
#[repr(transparent)]
pub struct WaitWord(AtomicU32);

// SAFETY: an atomic number.
#[allow(unsafe_code)]
unsafe impl ProcessSafe for WaitWord {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Plain for WaitWord {}

impl Default for WaitWord {
    fn default() -> Self {
        WaitWord::new()
    }
}

impl WaitWord {
    /// Nobody waits.
    pub fn new() -> Self {
        WaitWord(AtomicU32::new(NOBODY))
    }

    /// Calls `attempt` until it gives something, sleeping between calls until
    /// somebody wakes us; `None` when the deadline comes first.
    ///
    /// `attempt` gives what it got and whether there may be enough for one
    /// more waiter. `likely` is a cheap look at whether an attempt is worth
    /// making, for the moments before the first sleep.
    pub fn wait_until<T>(
        &self,
        deadline: Deadline,
        likely: impl Fn() -> bool,
        mut attempt: impl FnMut() -> Option<(T, bool)>,
    ) -> Option<T> {
        if let Some((got, _)) = Self::spin(likely, &mut attempt) {
            return Some(got);
        }
        loop {
            self.0.store(SOMEBODY, Ordering::Relaxed);
            // Pairs with the fence in `changed`: either the other side sees
            // that we wait, or we see its change.
            fence(Ordering::SeqCst);
            if let Some((got, enough_for_two)) = attempt() {
                if enough_for_two {
                    self.wake(1);
                }
                return Some(got);
            }
            let left = deadline.remaining();
            if left == Some(Duration::ZERO) {
                return None;
            }
            let left = left.map_or(RECHECK, |left| left.min(RECHECK));
            sync::sleep(&self.0, SOMEBODY, left);
        }
    }

    /// The moments before the first sleep, for those who have something else to
    /// do before they sleep.
    pub(crate) fn spin<T>(
        likely: impl Fn() -> bool,
        mut attempt: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        for _ in 0..SPINS {
            if likely()
                && let Some(got) = attempt()
            {
                return Some(got);
            }
            sync::spin_loop();
        }
        None
    }

    /// Tells one waiter, if there is any, that there is something for it. Call
    /// it after the change.
    pub fn wake_one(&self) {
        self.changed(1);
    }

    /// Tells all waiters.
    pub fn wake_all(&self) {
        self.changed(i32::MAX.cast_unsigned());
    }

    fn changed(&self, sleepers: u32) {
        fence(Ordering::SeqCst);
        if self.0.load(Ordering::Relaxed) == SOMEBODY {
            self.wake(sleepers);
        }
    }

    fn wake(&self, sleepers: u32) {
        if self.0.swap(NOBODY, Ordering::SeqCst) == SOMEBODY {
            sync::wake(&self.0, sleepers);
        }
    }
}
