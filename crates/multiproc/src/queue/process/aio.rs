//! A queue between processes, awaited.
//!
//! A futex cannot be polled, so one of the runtime's threads for blocking calls
//! waits. A thread that waits for an item takes nothing: the awaiting task takes
//! the item itself, in the poll that returns it. So a call that is dropped loses
//! no item, and the thread that it leaves behind ends soon.
//!
//! (An eventfd, written to by each `put`, would need a descriptor in all
//! processes and a system call for each put. And a process killed between its put
//! and that write would leave the loop asleep.)

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Queue};
use crate::codec::encode;
use crate::deadline::Deadline;

/// How long a thread may wait for a call that has been dropped. A runtime that
/// shuts down has to wait for the thread.
const SLICE: Duration = Duration::from_millis(100);

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Like [`get`](Self::get), without blocking the thread.
    ///
    /// Cancel-safe: a call that is dropped has taken nothing. While it waits, it
    /// occupies one of the runtime's threads for blocking calls.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn get_async(&self) -> Result<T, Error> {
        loop {
            match self.try_get() {
                Err(Error::Empty) => {}
                result => return result,
            }
            let ring = Arc::clone(&self.ring);
            let wait = move || ring.wait_for_item(Deadline::after(SLICE));
            // Whether there is an item or the runtime is shutting down: check
            // again.
            let _ = tokio::task::spawn_blocking(wait).await;
        }
    }

    /// Like [`put`](Self::put), without blocking the thread. While there is no
    /// room, one of the runtime's threads for blocking calls waits in line for
    /// it.
    ///
    /// **Not cancel-safe**: a call that is dropped while it waits may or may not
    /// put its item all the same, within the next 100 ms. Where that matters,
    /// give it a task of its own, or use [`try_put`](Self::try_put).
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
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
                // The runtime is shutting down, and this call with it.
                Err(_) => return Err(Error::Full),
            }
        }
    }
}
