//! `Lock` and `RLock`.

use std::time::Duration;

use super::{Handle, Local, Types, handle, patience};
use crate::error::Error;
use crate::sync;
use inert_pickle::Value;

/// A lock that several programs share. Python's `Lock`, and `RLock`.
///
/// To a manager the owner of a lock is a connection: a guard keeps one to
/// itself until it is dropped. If its program
/// dies, or its connection breaks, one of our managers gives the lock to the
/// next in line; CPython's keeps it locked for ever.
///
/// ```
/// use pymanager::SharedLock;
///
/// let lock = SharedLock::new();
/// let guard = lock.acquire()?;
/// assert!(lock.try_acquire()?.is_none());
/// drop(guard);
/// assert!(lock.try_acquire()?.is_some());
/// # Ok::<(), pymanager::Error>(())
/// ```
pub struct Lock<H> {
    pub(super) handle: H,
    pub(super) types: Types<()>,
}

handle!(Lock, RemoteLock, SharedLock);

impl Lock<Local> {
    /// A lock of this program's own.
    pub fn new() -> Self {
        Local::new(sync::new_lock, []).expect("a lock").into()
    }

    /// A lock that its holder may acquire again: Python's `RLock`. See
    /// [`LockGuard::again`].
    pub fn recursive() -> Self {
        Local::new(sync::new_rlock, []).expect("a lock").into()
    }
}

impl Default for Lock<Local> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Lock<H> {
    /// Waits for the lock as long as it takes.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn acquire(&self) -> Result<LockGuard<H>, Error> {
        let held = LockGuard::acquire(&self.handle, None)?;
        // Without a time-out, the answer is the lock or an error.
        held.ok_or(Error::Disconnected)
    }

    /// Waits for the lock for at most `timeout`; `None` if it was not free by then.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<LockGuard<H>>, Error> {
        LockGuard::acquire(&self.handle, Some(timeout))
    }

    /// The lock if it is free now.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn try_acquire(&self) -> Result<Option<LockGuard<H>>, Error> {
        LockGuard::acquire(&self.handle, Some(Duration::ZERO))
    }
}

/// A lock that is held. Dropping it releases it: that waits for the manager's
/// answer, and if none comes, closes the connection that holds the lock.
#[derive(Debug)]
#[must_use = "the lock is released when its guard is dropped"]
pub struct LockGuard<H: Handle> {
    handle: H,
    owner: H::Owner,
    held: bool,
}

impl<H: Handle> LockGuard<H> {
    pub(super) fn acquire(handle: &H, timeout: Option<Duration>) -> Result<Option<Self>, Error> {
        let owner = handle.owner()?;
        Self::acquire_as(handle, owner, timeout)
    }

    fn acquire_as(
        handle: &H,
        owner: H::Owner,
        timeout: Option<Duration>,
    ) -> Result<Option<Self>, Error> {
        let acquired = handle.call_as(&owner, "acquire", &patience(timeout), timeout)?;
        Ok(acquired.is_truthy().then(|| LockGuard {
            handle: handle.clone(),
            owner,
            held: true,
        }))
    }

    /// Acquires it once more, if it is recursive; it is free when all guards
    /// are dropped. `None` for a plain lock.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn again(&self) -> Result<Option<Self>, Error> {
        Self::acquire_as(&self.handle, self.owner.clone(), Some(Duration::ZERO))
    }

    /// Releases it, as dropping it does, and says whether that worked.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `RuntimeError`, when somebody else has released it;
    /// [`Error::Disconnected`] when its connection was lost while it was held,
    /// and then somebody else may have held it meanwhile.
    pub fn release(mut self) -> Result<(), Error> {
        self.give_up()
    }

    /// A call on the owner's connection.
    pub(super) fn call(
        &self,
        method: &str,
        args: &[Value],
        wait: Option<Duration>,
    ) -> Result<Value, Error> {
        self.handle.call_as(&self.owner, method, args, wait)
    }

    fn give_up(&mut self) -> Result<(), Error> {
        self.held = false;
        let released = self.call("release", &[], Some(Duration::ZERO));
        if released.is_err() {
            H::lose(&self.owner);
        }
        released.map(drop)
    }
}

impl<H: Handle> Drop for LockGuard<H> {
    fn drop(&mut self) {
        if self.held {
            // Whoever wants to know calls `release`.
            let _ = self.give_up();
        }
    }
}
