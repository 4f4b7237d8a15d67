//! What has begun has to end, and be counted.

use std::mem;

use super::Queue;

/// A put that has begun. What it puts is in the queue when this is dropped,
/// also when comparing it with others panicked.
pub(super) struct Putting<'a, T>(&'a Queue<T>);

impl<T> Drop for Putting<'_, T> {
    fn drop(&mut self) {
        self.0.getters.count_and_wake_one();
    }
}

impl<'a, T> Putting<'a, T> {
    pub(super) fn of(queue: &'a Queue<T>) -> Self {
        Putting(queue)
    }

    /// It does not come about.
    pub(super) fn refuse(self) {
        self.0.counts.refuse();
        if self.0.is_closed() {
            // A getter may have been waiting for what becomes of this put.
            self.0.getters.wake_all();
        }
        mem::forget(self);
    }
}
