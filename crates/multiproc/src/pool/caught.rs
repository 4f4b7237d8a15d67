//! The caller's code on the pool's threads: callbacks, reading a result,
//! dropping one that nobody wants. If it panics, the threads must go on.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `run` returns, or `None` if it panics: the panic hook has reported that.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Dropping the payload could panic again.
            std::mem::forget(payload);
            None
        }
    }
}

/// Drops values one by one. Dropped together, a second panic among them would
/// abort the program.
pub(crate) fn drop_each<T>(values: impl IntoIterator<Item = T>) {
    for value in values {
        caught(|| drop(value));
    }
}
