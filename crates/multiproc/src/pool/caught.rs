//! Code of the caller's that runs on the pool's threads: callbacks, reading a
//! result, dropping one that nobody wants. Its panic must not end them.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `run` returns; `None` when it panics, which it has said by itself.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(payload);
            None
        }
    }
}

/// Dropped one by one: where one of several values panics, dropping them
/// together aborts the program at the next panic.
pub(crate) fn drop_each<T>(values: impl IntoIterator<Item = T>) {
    for value in values {
        caught(|| drop(value));
    }
}
