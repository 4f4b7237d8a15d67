//! An event count: threads sleep until something changes. While nobody sleeps,
//! it costs those who make changes hardly anything.

use std::sync::PoisonError;
use std::time::Duration;

use super::sync::{AtomicUsize, Condvar, LOOKS, Mutex, MutexGuard, Ordering, PATIENT, yield_now};
use crate::deadline::Deadline;

/// Threads that wait for one kind of change.
///
/// The change itself is made without this lock. It is a sequentially consistent
/// write, and the sleepers read it in the same way:
///
/// - A sleeper announces itself in `asleep`, *and then* checks whether there is
///   something for it.
/// - Whoever makes a change makes it, *and then* checks for sleepers.
///
/// All sequentially consistent accesses have a single order. In it, either the
/// change comes before the sleeper's read, and the sleeper sees it; or the
/// announcement comes before the check for sleepers, and the sleeper is woken. A
/// change that is made, and read, under a lock will do as well: if the sleeper has
/// that lock first, whoever has it next sees the announcement.
///
/// A wake-up is a permit, and belongs to no sleeper in particular. Each thread
/// that announced itself is counted in exactly one of `asleep` and `permits`, and
/// takes itself out of one of them when it leaves, for whatever reason. So a
/// permit cannot get lost with a thread that timed out.
#[derive(Debug, Default)]
pub(super) struct EventCount {
    /// How many threads have announced themselves and have no permit. Written
    /// under the lock, read without it.
    asleep: AtomicUsize,
    permits: Mutex<usize>,
    woken: Condvar,
}

impl EventCount {
    /// Wakes one sleeper, if there is one, to check again.
    pub(super) fn wake_one(&self) {
        if self.has_sleepers() {
            self.wake(1);
        }
    }

    /// Wakes all sleepers to check again.
    pub(super) fn wake_all(&self) {
        if self.has_sleepers() {
            self.wake(usize::MAX);
        }
    }

    /// Whether somebody sleeps.
    pub(super) fn has_sleepers(&self) -> bool {
        self.asleep.load(Ordering::SeqCst) > 0
    }

    /// How many threads sleep: for tests that need one to be asleep.
    #[cfg(test)]
    pub(super) fn asleep(&self) -> usize {
        self.asleep.load(Ordering::SeqCst)
    }

    /// Whether nobody is waiting, and no permit is left over.
    #[cfg(test)]
    pub(super) fn idle(&self) -> bool {
        *self.lock() == 0 && self.asleep() == 0
    }

    #[cold]
    fn wake(&self, most: usize) {
        let mut permits = self.lock();
        let asleep = self.asleep.load(Ordering::Relaxed);
        let woken = asleep.min(most);
        self.asleep.store(asleep - woken, Ordering::Relaxed);
        *permits += woken;
        drop(permits);
        match woken {
            0 => {}
            1 => self.woken.notify_one(),
            _ => self.woken.notify_all(),
        }
    }

    /// Calls `attempt` until it returns `Some`, sleeping in between; `None` if the
    /// deadline comes first. `attempt` runs without the lock.
    pub(super) fn wait<R>(
        &self,
        deadline: Deadline,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        loop {
            for look in 0..LOOKS {
                if let Some(result) = attempt() {
                    return Some(result);
                }
                if look < PATIENT {
                    (0..1 << look).for_each(|_| std::hint::spin_loop());
                } else {
                    yield_now();
                }
            }
            if deadline.is_past() {
                return None;
            }
            let announced = self.announce();
            if let Some(result) = attempt() {
                return Some(result);
            }
            if !announced.sleep(deadline) {
                // The change may have come just as the time ran out.
                return attempt();
            }
        }
    }

    fn announce(&self) -> Announced<'_> {
        let permits = self.lock();
        let asleep = self.asleep.load(Ordering::Relaxed);
        self.asleep.store(asleep + 1, Ordering::SeqCst);
        drop(permits);
        Announced { event: self }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        // Never poisoned: nothing can panic under this lock.
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread's announcement, withdrawn when dropped: even if `attempt`, which runs
/// the caller's code, panics.
struct Announced<'a> {
    event: &'a EventCount,
}

impl Announced<'_> {
    /// Sleeps until there is a permit; false if the deadline comes first.
    fn sleep(self, deadline: Deadline) -> bool {
        let event = self.event;
        let mut permits = event.lock();
        loop {
            // Check for a permit even if the time is over: this thread may be the
            // one that was woken for it, and nobody else would be.
            if *permits > 0 {
                break;
            }
            let left = deadline.remaining();
            if left == Some(Duration::ZERO) {
                // Dropping `self` takes the lock.
                drop(permits);
                return false;
            }
            permits = match left {
                None => event.woken.wait(permits),
                Some(left) => match event.woken.wait_timeout(permits, left) {
                    Ok((permits, _)) => Ok(permits),
                    Err(poisoned) => Ok(poisoned.into_inner().0),
                },
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
        *permits -= 1;
        drop(permits);
        std::mem::forget(self);
        true
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        let mut permits = self.event.lock();
        let asleep = self.event.asleep.load(Ordering::Relaxed);
        // Give up a sleeper's place rather than a permit: that may be meant for
        // another thread.
        if asleep > 0 {
            self.event.asleep.store(asleep - 1, Ordering::Relaxed);
        } else {
            *permits -= 1;
        }
    }
}
