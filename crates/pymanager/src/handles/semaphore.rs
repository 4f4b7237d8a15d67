//! `Semaphore` and `BoundedSemaphore`.

use std::time::Duration;

use super::{Handle, Local, Quick, Types, handle, index, patience};
use crate::error::Error;
use crate::sync;

/// A number of permits that several programs share. Python's `Semaphore`, and
/// `BoundedSemaphore`.
///
/// A permit has no owner, as in Python: one program may take it and another
/// give it back. So when a program dies, its permits are lost.
///
/// ```
/// use pymanager::SharedSemaphore;
///
/// let two = SharedSemaphore::new(2);
/// let (first, second) = (two.acquire()?, two.acquire()?);
/// assert!(two.try_acquire()?.is_none());
/// drop(first);
/// assert!(two.try_acquire()?.is_some());
/// # drop(second); Ok::<(), pymanager::Error>(())
/// ```
pub struct Semaphore<H> {
    pub(super) handle: H,
    pub(super) types: Types<()>,
}

handle!(Semaphore, RemoteSemaphore, SharedSemaphore);

impl Semaphore<Local> {
    /// A semaphore of this program's own.
    pub fn new(permits: usize) -> Self {
        let made = Local::new(sync::new_semaphore, [index(permits)]);
        made.expect("a semaphore").into()
    }

    /// A semaphore of this program's own that never has more permits than at
    /// first: releasing one too many is an error.
    pub fn bounded(permits: usize) -> Self {
        let made = Local::new(sync::new_bounded_semaphore, [index(permits)]);
        made.expect("a semaphore").into()
    }
}

impl<H: Handle> Semaphore<H> {
    /// Waits for a permit as long as it takes.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn acquire(&self) -> Result<Permit<H>, Error> {
        // Without a time-out, the answer is a permit or an error.
        self.acquire_within(None)?.ok_or(Error::Disconnected)
    }

    /// Waits for a permit for at most `timeout`; `None` if there was none by then.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<Permit<H>>, Error> {
        self.acquire_within(Some(timeout))
    }

    /// A permit if there is one now.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn try_acquire(&self) -> Result<Option<Permit<H>>, Error> {
        self.acquire_within(Some(Duration::ZERO))
    }

    /// Gives back a permit that was [forgotten](Permit::forget), or adds one.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `ValueError`, when there are too many in one that
    /// is bounded; those of a broken connection.
    pub fn release(&self) -> Result<(), Error> {
        self.handle.tell("release", &[])
    }

    fn acquire_within(&self, timeout: Option<Duration>) -> Result<Option<Permit<H>>, Error> {
        let acquired = self.handle.call("acquire", &patience(timeout), timeout)?;
        Ok(acquired.is_truthy().then(|| Permit {
            semaphore: self.clone(),
            held: true,
        }))
    }
}

/// A permit; dropping it gives it back.
#[derive(Debug)]
#[must_use = "the permit is given back when it is dropped"]
pub struct Permit<H: Handle> {
    semaphore: Semaphore<H>,
    held: bool,
}

impl<H: Handle> Permit<H> {
    /// Gives it back, as dropping it does, and says whether that worked.
    ///
    /// # Errors
    ///
    /// As [`Semaphore::release`].
    pub fn release(mut self) -> Result<(), Error> {
        self.held = false;
        self.semaphore.release()
    }

    /// Keeps it for good, or until somebody calls [`Semaphore::release`].
    pub fn forget(mut self) {
        self.held = false;
    }
}

impl<H: Handle> Drop for Permit<H> {
    fn drop(&mut self) {
        if self.held {
            // Whoever wants to know calls `release`.
            let _ = self.semaphore.release();
        }
    }
}
