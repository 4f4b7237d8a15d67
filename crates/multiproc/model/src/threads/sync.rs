//! In place of `queue::thread::sync`.

use std::ops::Deref;

pub(super) use loom::sync::atomic::Ordering;
pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(super) use loom::thread::yield_now;

/// Looking around before sleeping changes nothing, and takes loom for ever.
pub(super) const LOOKS: u32 = 0;
pub(super) const PATIENT: u32 = 0;

/// Loom takes an access that is sequentially consistent for acquire and release
/// alone; only fences have their single order. So here is one behind each write,
/// between it and the next read, as the order of the accesses themselves would have
/// it. That a read says so, too, this cannot tell.
macro_rules! sequential {
    ($name:ident, $int:ty) => {
        #[derive(Debug, Default)]
        pub(super) struct $name(loom::sync::atomic::$name);

        #[allow(dead_code, reason = "not all is used of each")]
        impl $name {
            pub(super) fn new(value: $int) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            pub(super) fn load(&self, order: Ordering) -> $int {
                self.0.load(order)
            }

            pub(super) fn store(&self, value: $int, order: Ordering) {
                self.0.store(value, order);
                fence(order);
            }

            pub(super) fn compare_exchange_weak(
                &self,
                old: $int,
                new: $int,
                set: Ordering,
                fetch: Ordering,
            ) -> Result<$int, $int> {
                let outcome = self.0.compare_exchange(old, new, set, fetch);
                fence(set);
                outcome
            }

            pub(super) fn fetch_or(&self, value: $int, order: Ordering) -> $int {
                let old = self.0.fetch_or(value, order);
                fence(order);
                old
            }
        }
    };
}

sequential!(AtomicU64, u64);
sequential!(AtomicUsize, usize);

fn fence(order: Ordering) {
    if order == Ordering::SeqCst {
        loom::sync::atomic::fence(order);
    }
}

/// In place of crossbeam's, which does the same for longer.
pub(super) struct Backoff;

impl Backoff {
    pub(super) fn new() -> Self {
        Backoff
    }

    pub(super) fn spin(&self) {
        yield_now();
    }

    pub(super) fn snooze(&self) {
        yield_now();
    }
}

#[derive(Debug, Default)]
pub(super) struct CachePadded<T>(T);

impl<T> CachePadded<T> {
    pub(super) fn new(value: T) -> Self {
        CachePadded(value)
    }
}

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// It notices two threads that have the value at once.
pub(super) struct Cell<T>(loom::cell::UnsafeCell<T>);

impl<T> Cell<T> {
    pub(super) fn new(value: T) -> Self {
        Cell(loom::cell::UnsafeCell::new(value))
    }

    pub(super) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(work)
    }
}
