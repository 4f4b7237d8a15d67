//! A put that has begun must end, and be counted, whatever happens.

use std::mem;

use super::Queue;

/// A put that has begun. Unless it is [refused](Self::refuse), its item is in
/// the queue when this is dropped, even if comparing it with others panicked.
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

    /// Ends the put without an item in the queue.
    pub(super) fn refuse(self) {
        self.0.counts.refuse();
        if self.0.is_closed() {
            // Getters may be waiting to see how this last put ends.
            self.0.getters.wake_all();
        }
        mem::forget(self);
    }
}
