//! Waiting for a change in shared memory, and waking those who wait
//! (futex(2)).
//!
//! A pthread condition variable counts its waiters, and a waiter that is killed
//! stays counted: later wake-ups go to the dead. This is a single word instead:
//! 0, nobody waits; 1, somebody may. It recovers from any death:
//!
//! - A waiter sets 1, checks once more, and sleeps only if the word is still 1.
//! - Whoever makes a change sets 0 and, if the word was 1, wakes one sleeper.
//! - The sleeper that was woken sets 1 again, for others that may still sleep,
//!   and wakes the next one if there is enough for two.
//! - A waiter that is killed between being woken and taking what it was woken
//!   for takes the wake-up to its grave. So nobody sleeps longer than [`RECHECK`]
//!   without checking.
//!
//! Beside it is a guess of how long to look around before sleeping (`spins.rs`).

use std::time::Duration;

use super::spins::Spins;
use super::sync::{self, AtomicU32, Ordering, fence};
use super::value::{Plain, ProcessSafe};
use crate::deadline::Deadline;

/// How long a wake-up that died with its receiver can delay another waiter.
/// Checking five times a second costs less than half a millisecond of CPU time.
const RECHECK: Duration = Duration::from_millis(200);

const NOBODY: u32 = 0;
const SOMEBODY: u32 = 1;

/// A place to wait for one kind of change. What the waiters check must be in
/// memory that all of them share.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::time::Duration;
///
/// use multiproc::deadline::Deadline;
/// use multiproc::shared::{Shared, WaitWord};
/// use multiproc::shared_struct;
///
/// shared_struct! {
///     struct Event {
///         set: AtomicBool,
///         waiters: WaitWord,
///     }
/// }
///
/// impl Event {
///     fn set(&self) {
///         self.set.store(true, Ordering::SeqCst);
///         self.waiters.wake_all();
///     }
///
///     fn wait(&self, deadline: Deadline) -> bool {
///         let is_set = || self.set.load(Ordering::SeqCst);
///         let attempt = || is_set().then_some(((), true));
///         self.waiters.wait_until(deadline, is_set, attempt).is_some()
///     }
/// }
///
/// let event = Shared::new(Event {
///     set: AtomicBool::new(false),
///     waiters: WaitWord::new(),
/// })?;
/// assert!(!event.wait(Deadline::after(Duration::ZERO)));
/// event.set();
/// assert!(event.wait(Deadline::NEVER));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[repr(C)]
pub struct WaitWord {
    word: AtomicU32,
    spins: Spins,
}

// SAFETY: two atomic numbers.
#[expect(unsafe_code, reason = "the trait is unsafe")]
unsafe impl ProcessSafe for WaitWord {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the trait is unsafe")]
unsafe impl Plain for WaitWord {}

impl Default for WaitWord {
    fn default() -> Self {
        WaitWord::new()
    }
}

impl WaitWord {
    /// A word that nobody waits on.
    pub fn new() -> Self {
        WaitWord {
            word: AtomicU32::new(NOBODY),
            spins: Spins::new(),
        }
    }

    /// Calls `attempt` until it returns `Some`, sleeping between calls until
    /// somebody wakes it. Returns `None` if the deadline comes first.
    ///
    /// `attempt` returns what it got, and whether there may be enough for one
    /// more waiter. `likely` is a cheap check of whether an attempt is worth
    /// making, used while spinning before the first sleep.
    pub fn wait_until<T>(
        &self,
        deadline: Deadline,
        likely: impl Fn() -> bool,
        mut attempt: impl FnMut() -> Option<(T, bool)>,
    ) -> Option<T> {
        if let Some((got, _)) = self.spin(deadline, likely, &mut attempt) {
            return Some(got);
        }
        loop {
            self.word.store(SOMEBODY, Ordering::Relaxed);
            // Pairs with the fence in `changed`: either the other side sees that
            // somebody waits, or this side sees the change.
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
            sync::sleep(&self.word, SOMEBODY, left);
        }
    }

    /// The spinning before the first sleep, by itself: for a caller that has
    /// something else to do before it sleeps.
    pub(crate) fn spin<T>(
        &self,
        deadline: Deadline,
        likely: impl Fn() -> bool,
        mut attempt: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let look = || likely().then(&mut attempt).flatten();
        self.spins.spin(deadline, look)
    }

    /// Wakes one waiter, if there is any. Call it after the change.
    pub fn wake_one(&self) {
        self.changed(1);
    }

    /// Wakes all waiters. Call it after the change.
    pub fn wake_all(&self) {
        self.changed(i32::MAX.cast_unsigned());
    }

    fn changed(&self, sleepers: u32) {
        fence(Ordering::SeqCst);
        if self.word.load(Ordering::Relaxed) == SOMEBODY {
            self.wake(sleepers);
        }
    }

    fn wake(&self, sleepers: u32) {
        if self.word.swap(NOBODY, Ordering::SeqCst) == SOMEBODY {
            sync::wake(&self.word, sleepers);
        }
    }
}
