//! What comes back from a queue that refuses an item.

use std::fmt;

use crate::queue::Error;

/// An item that a queue refused, and why. `?` keeps only the [`Error`].
#[derive(thiserror::Error)]
#[error("{error}")]
pub struct Rejected<T> {
    /// [`Error::Full`] or [`Error::Closed`].
    pub error: Error,
    /// The item, as it was.
    pub item: T,
}

impl<T> fmt::Debug for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Rejected");
        f.field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> From<Rejected<T>> for Error {
    fn from(rejected: Rejected<T>) -> Error {
        rejected.error
    }
}
