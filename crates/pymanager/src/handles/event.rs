//! `Event`.

use std::time::Duration;

use super::{Handle, Local, Quick, Types, handle};
use crate::client::seconds;
use crate::error::Error;
use crate::sync;

/// A flag that one program sets and others wait for. Python's
/// `threading.Event`.
///
/// Each call may fail with the errors of a broken connection.
///
/// ```
/// use pymanager::SharedEvent;
///
/// let stop = SharedEvent::new();
/// assert!(!stop.is_set()?);
/// stop.set()?;
/// stop.wait()?;
/// # Ok::<(), pymanager::Error>(())
/// ```
pub struct Event<H> {
    pub(super) handle: H,
    pub(super) types: Types<()>,
}

handle!(Event, RemoteEvent, SharedEvent);

impl Event<Local> {
    /// An event of this program's own, not set.
    pub fn new() -> Self {
        Local::new(sync::new_event, []).expect("an event").into()
    }
}

impl Default for Event<Local> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Event<H> {
    /// Whether it is set.
    ///
    /// # Errors
    ///
    /// See [`Event`].
    pub fn is_set(&self) -> Result<bool, Error> {
        Ok(self.handle.ask("is_set", &[])?.is_truthy())
    }

    /// Sets it, and wakes everybody who waits.
    ///
    /// # Errors
    ///
    /// See [`Event`].
    pub fn set(&self) -> Result<(), Error> {
        self.handle.tell("set", &[])
    }

    /// Unsets it.
    ///
    /// # Errors
    ///
    /// See [`Event`].
    pub fn clear(&self) -> Result<(), Error> {
        self.handle.tell("clear", &[])
    }

    /// Waits until it is set.
    ///
    /// # Errors
    ///
    /// See [`Event`].
    pub fn wait(&self) -> Result<(), Error> {
        self.handle.call("wait", &[], None).map(drop)
    }

    /// Waits until it is set, for at most `timeout`. Returns whether it was set.
    ///
    /// # Errors
    ///
    /// See [`Event`].
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, Error> {
        let args = [seconds(Some(timeout))];
        Ok(self.handle.call("wait", &args, Some(timeout))?.is_truthy())
    }
}
