//! A queue between processes, awaited.
//!
//! A futex cannot be polled, so a thread of the runtime's pool for blocking
//! calls waits, and takes nothing: the item is taken by whoever awaits it, in
//! the poll that hands it over. So a call that is dropped loses no item, and a
//! waiting thread that is left over looks around for a moment and ends.
//!
//! (An eventfd that each `put` rings would need a descriptor in all processes
//! and a system call for each put; and a process that is killed between its put
//! and the ring would leave the loop asleep.)

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Queue, Ring};
use crate::codec::{encode, with_scratch};
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
            self.wait(|ring| ring.wait_for_item(Deadline::after(SLICE)))
                .await;
        }
    }

    /// Like [`put`](Self::put), without blocking the thread. It has no place in
    /// the line of those that wait for room: it tries whenever there is some.
    ///
    /// Cancel-safe: a call that is dropped has put nothing. It occupies a
    /// thread of the runtime's pool for blocking calls while it waits.
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn put_async(&self, item: &T) -> Result<(), Error> {
        let size = with_scratch(|bytes| encode(item, bytes).map(|()| bytes.len()))?;
        loop {
            match self.try_put(item) {
                Err(Error::Full) => {}
                result => return result,
            }
            self.wait(move |ring| ring.wait_for_room(size, Deadline::after(SLICE)))
                .await;
        }
    }

    async fn wait(&self, wait: impl FnOnce(&Ring) -> bool + Send + 'static) {
        let ring = Arc::clone(&self.ring);
        // In vain, it panicked, the runtime is ending: look again in any case.
        let _ = tokio::task::spawn_blocking(move || wait(&ring)).await;
    }
}
