//! What threads share, in one place: the model (`crates/multiproc/model`) has
//! loom's in place of it.

use std::cell::UnsafeCell;

pub(super) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
pub(super) use std::thread::yield_now;

pub(super) use crossbeam_utils::{Backoff, CachePadded};

/// How often to check before going to sleep, and after how many checks to let
/// other threads run in between. Sleeping and being woken takes some ten
/// microseconds, in which a queue moves a hundred items.
pub(super) const LOOKS: u32 = 10;
pub(super) const PATIENT: u32 = 6;

/// An `UnsafeCell` with loom's methods.
pub(super) struct Cell<T>(UnsafeCell<T>);

impl<T> Cell<T> {
    pub(super) fn new(value: T) -> Self {
        Cell(UnsafeCell::new(value))
    }

    pub(super) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        work(self.0.get())
    }
}
