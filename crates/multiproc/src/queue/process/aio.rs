//! A queue between processes, awaited.
//!
//! A futex cannot be polled, so a thread of the runtime's pool for blocking
//! calls waits. The one that waits for an item takes nothing: the item is taken
//! by whoever awaits it, in the poll that hands it over. So a call that is
//! dropped loses no item, and a thread that is left over ends in a moment.
//!
//! (An eventfd that each `put` rings would need a descriptor in all processes
//! and a system call for each put; and a process that is killed between its put
//! and the ring would leave the loop asleep.)

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Queue};
use crate::codec::encode;
use crate::deadline::Deadline;

/// How long a thread waits on behalf of a call that may have been dropped.
/// The end of a runtime waits for it.
const SLICE: Duration = Duration::from_millis(100);

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Like [`get`](Self::get), without blocking the thread.
    ///
    /// Cancel-safe: a call that is dropped has taken nothing. It occupies a
    /// thread of the runtime's pool for blocking calls while it waits.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn get_async(&self) -> Result<T, Error> {
        loop {
            match self.try_get() {
                Err(Error::Empty) => {}
                result => return result,
            }
            let ring = Arc::clone(&self.ring);
            let wait = move || ring.wait_for_item(Deadline::after(SLICE));
            // In vain, or the runtime is ending: look again in any case.
            let _ = tokio::task::spawn_blocking(wait).await;
        }
    }

    /// Like [`put`](Self::put), without blocking the thread. While there is no
    /// room, a thread of the runtime's pool for blocking calls stands in the
    /// line for it.
    ///
    /// **Not cancel-safe**: a call that is dropped while it waits may put its
    /// item all the same, within the next 100 ms, or not. Where that matters,
    /// give it a task of its own, or try with [`try_put`](Self::try_put).
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn put_async(&self, item: &T) -> Result<(), Error> {
        match self.try_put(item) {
            Err(Error::Full) => {}
            done => return done,
        }
        let mut bytes = Vec::new();
        encode(item, &mut bytes)?;
        let bytes = Arc::new(bytes);
        loop {
            let (ring, item) = (Arc::clone(&self.ring), Arc::clone(&bytes));
            let put = move || ring.put(&item, Deadline::after(SLICE));
            match tokio::task::spawn_blocking(put).await {
                Ok(Err(Error::Full)) => {}
                Ok(done) => return done,
                // The runtime is ending, and this call with it.
                Err(_) => return Err(Error::Full),
            }
        }
    }
}
