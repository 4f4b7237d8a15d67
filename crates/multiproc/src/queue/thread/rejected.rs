//! What comes back from a queue that refuses an item.

use std::fmt;

use crate::queue::Error;

/// An item that a queue refused, and why. `?` keeps only the [`Error`](enum@Error).
///
/// ```
/// use multiproc::queue::Error;
/// use multiproc::queue::thread::{Queue, Rejected};
///
/// let queue = Queue::new(1);
/// queue.put("first")?;
/// if let Err(Rejected { error, item }) = queue.try_put("second") {
///     assert!(matches!(error, Error::Full));
///     assert_eq!(item, "second");
/// }
/// # Ok::<(), Error>(())
/// ```
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
