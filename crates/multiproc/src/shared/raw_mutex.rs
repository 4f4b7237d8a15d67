//! The bare lock: a pthread mutex, process-shared and robust
//! (pthread_mutexattr_setrobust(3)).
//!
//! The kernel keeps a list of the robust mutexes that a thread holds. When the
//! thread ends, by `kill -9` or otherwise, it marks each of them, and whoever
//! locks it next gets `EOWNERDEAD` instead of waiting for ever.

#![expect(unsafe_code, reason = "calls into libpthread")]

use std::cell::UnsafeCell;
use std::hint;
use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use crate::deadline::Deadline;

/// What became of the lock's last owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acquired {
    /// It released the lock, if there ever was one.
    Released,
    /// It died holding the lock: what the lock guards may be half changed.
    OwnerDied,
}

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody, or one that has died.
    Nobody,
    ThisThread,
    Another,
}

/// A robust, process-shared mutex without a value. It must be in shared memory
/// when [`init_in_place`](Self::init_in_place) is called, and not move afterwards.
#[repr(transparent)]
pub(crate) struct RawMutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a pthread mutex is made to be used by several threads at once.
unsafe impl Sync for RawMutex {}
// SAFETY: it belongs to no thread while nobody holds it.
unsafe impl Send for RawMutex {}

/// How often to try a taken lock again before sleeping. The queues' critical
/// sections take some 50 ns; going to sleep takes thousands.
const SPINS: u32 = 100;

/// How long to sleep before trying the lock again. When an owner is killed
/// between releasing the lock and waking a sleeper, the kernel wakes one instead,
/// but only if the lock is still free. If somebody else has taken it by then,
/// that owner does not know that anybody sleeps, and will wake nobody.
const RECHECK: Duration = Duration::from_millis(100);

impl RawMutex {
    pub(crate) const fn new() -> Self {
        RawMutex(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER))
    }

    /// Makes it robust and process-shared, in its final place.
    pub(crate) fn init_in_place(&self) {
        // This kind detects a thread that locks twice (`EDEADLK`), which would
        // otherwise hang for ever.
        let kind = libc::PTHREAD_MUTEX_ERRORCHECK;
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the first call initialises the attributes and the last destroys
        // them. The mutex is initialised before any use, since `init_in_place` is
        // called before anybody gets a reference to the value.
        unsafe {
            check(libc::pthread_mutexattr_init(attributes));
            check(libc::pthread_mutexattr_setpshared(
                attributes,
                libc::PTHREAD_PROCESS_SHARED,
            ));
            check(libc::pthread_mutexattr_setrobust(
                attributes,
                libc::PTHREAD_MUTEX_ROBUST,
            ));
            check(libc::pthread_mutexattr_settype(attributes, kind));
            check(libc::pthread_mutex_init(self.0.get(), attributes));
            check(libc::pthread_mutexattr_destroy(attributes));
        }
    }

    /// Takes the lock, waiting as long as it takes.
    pub(crate) fn lock(&self) -> Acquired {
        self.spin().unwrap_or_else(|| {
            loop {
                if let Some(acquired) = self.sleep(RECHECK) {
                    return acquired;
                }
            }
        })
    }

    /// Takes the lock if it becomes free within a few microseconds.
    fn spin(&self) -> Option<Acquired> {
        for _ in 0..SPINS {
            let acquired = self.try_lock();
            if acquired.is_some() {
                return acquired;
            }
            hint::spin_loop();
        }
        None
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<Acquired> {
        // SAFETY: the mutex is initialised and in its final place.
        match unsafe { libc::pthread_mutex_trylock(self.0.get()) } {
            libc::EBUSY => None,
            result => self.acquired(result),
        }
    }

    /// Who holds the lock at this moment. (That its owner died is forgotten.)
    pub(crate) fn holder(&self) -> Holder {
        // SAFETY: the mutex is initialised and in its final place.
        match unsafe { libc::pthread_mutex_trylock(self.0.get()) } {
            libc::EBUSY => Holder::Another,
            libc::EDEADLK => Holder::ThisThread,
            result => {
                self.acquired(result);
                self.unlock();
                Holder::Nobody
            }
        }
    }

    /// Takes the lock, or returns `None` at the deadline. `deadline` is called
    /// only if the lock is not free at once, since reading the clock takes time.
    #[inline]
    pub(crate) fn lock_until(&self, deadline: impl FnOnce() -> Deadline) -> Option<Acquired> {
        let acquired = self.try_lock();
        if acquired.is_some() {
            return acquired;
        }
        self.lock_later(deadline)
    }

    #[cold]
    fn lock_later(&self, deadline: impl FnOnce() -> Deadline) -> Option<Acquired> {
        let acquired = self.spin();
        if acquired.is_some() {
            return acquired;
        }
        let deadline = deadline();
        loop {
            let Some(left) = deadline.remaining() else {
                return Some(self.lock());
            };
            let acquired = self.sleep(left.min(RECHECK));
            if acquired.is_some() || left <= RECHECK {
                return acquired;
            }
        }
    }

    /// Takes the lock, or returns `None` after `left`.
    fn sleep(&self, left: Duration) -> Option<Acquired> {
        unsafe extern "C" {
            // glibc 2.30: `pthread_mutex_timedlock` with a clock of choice.
            fn pthread_mutex_clocklock(
                mutex: *mut libc::pthread_mutex_t,
                clock: libc::clockid_t,
                until: *const libc::timespec,
            ) -> libc::c_int;
        }
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let mut until = libc::timespec {
            tv_sec: now
                .tv_sec
                .saturating_add(left.as_secs().try_into().unwrap_or(i64::MAX)),
            tv_nsec: now.tv_nsec + i64::from(left.subsec_nanos()),
        };
        if until.tv_nsec >= 1_000_000_000 {
            until.tv_nsec -= 1_000_000_000;
            until.tv_sec = until.tv_sec.saturating_add(1);
        }
        // SAFETY: the mutex is initialised, `until` is a valid time.
        let result =
            unsafe { pthread_mutex_clocklock(self.0.get(), libc::CLOCK_MONOTONIC, &until) };
        match result {
            libc::ETIMEDOUT => None,
            result => self.acquired(result),
        }
    }

    /// Releases the lock, which this thread must hold.
    #[inline]
    pub(crate) fn unlock(&self) {
        // SAFETY: the mutex is initialised; an error-checking mutex refuses a
        // thread that does not hold it.
        check(unsafe { libc::pthread_mutex_unlock(self.0.get()) });
    }

    #[inline]
    fn acquired(&self, result: i32) -> Option<Acquired> {
        match result {
            libc::EOWNERDEAD => {
                // Without this, nobody could lock the mutex after the next
                // unlock. If this process is killed before this line, the next
                // owner gets `EOWNERDEAD` in its turn.
                // SAFETY: this thread has just got the lock with `EOWNERDEAD`.
                check(unsafe { libc::pthread_mutex_consistent(self.0.get()) });
                Some(Acquired::OwnerDied)
            }
            result => {
                check(result);
                Some(Acquired::Released)
            }
        }
    }
}

/// The remaining errors are bugs of the program: `EDEADLK`, a thread locks what
/// it already holds; `EPERM`, a thread unlocks what it does not hold.
#[track_caller]
fn check(result: i32) {
    assert!(
        result == 0,
        "shared lock: {}",
        io::Error::from_raw_os_error(result)
    );
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// The state that [`RECHECK`] is for: an owner was killed before it woke the
    /// sleeper, the next owner did not know of it and has released the lock.
    #[test]
    fn a_wake_up_that_never_comes_is_made_up_for() {
        const FUTEX_WAITERS: u32 = 1 << 31;
        let mutex: &RawMutex = Box::leak(Box::new(RawMutex::new()));
        mutex.init_in_place();
        // SAFETY: the lock word comes first in glibc's mutex, and lives on.
        let word = unsafe { &*mutex.0.get().cast::<AtomicU32>() };
        mutex.lock();
        let (sender, done) = mpsc::channel();
        thread::spawn(move || {
            mutex.lock();
            mutex.unlock();
            sender.send(()).unwrap();
        });
        while word.load(Ordering::SeqCst) & FUTEX_WAITERS == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(20));
        word.fetch_and(!FUTEX_WAITERS, Ordering::SeqCst);
        mutex.unlock();
        done.recv_timeout(Duration::from_secs(5)).unwrap();
    }
}
