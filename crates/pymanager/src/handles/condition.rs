//! `Condition`.

use std::time::{Duration, Instant};

use super::{Handle, Local, LockGuard, Types, handle, index};
use crate::client::seconds;
use crate::error::Error;
use crate::sync;

/// A lock, and a place to wait for what changes under it. Python's
/// `threading.Condition`.
///
/// ```
/// use std::thread;
/// use pymanager::{SharedCondition, SharedValue};
///
/// let (changed, ready) = (SharedCondition::new(), SharedValue::new(&false)?);
/// thread::scope(|scope| {
///     let waiter = scope.spawn(|| {
///         let mut held = changed.acquire()?;
///         held.wait_for(|| ready.get(), None)
///     });
///     let held = changed.acquire()?;
///     ready.set(&true)?;
///     held.notify_all()?;
///     drop(held);
///     assert!(waiter.join().expect("it waited")?);
///     Ok(())
/// })
/// # .map_err(|error: pymanager::Error| error)
/// # ?; Ok::<(), pymanager::Error>(())
/// ```
pub struct Condition<H> {
    pub(super) handle: H,
    pub(super) types: Types<()>,
}

handle!(Condition, RemoteCondition, SharedCondition);

impl Condition<Local> {
    /// A condition of this program's own, with a lock of its own.
    pub fn new() -> Self {
        let made = Local::new(sync::new_condition, []);
        made.expect("a condition").into()
    }
}

impl Default for Condition<Local> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Condition<H> {
    /// Waits for its lock as long as it takes.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn acquire(&self) -> Result<ConditionGuard<H>, Error> {
        let held = LockGuard::acquire(&self.handle, None)?;
        Ok(ConditionGuard(held.ok_or(Error::Disconnected)?))
    }

    /// Waits for its lock for at most `timeout`; `None` if it was not free by then.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<ConditionGuard<H>>, Error> {
        let held = LockGuard::acquire(&self.handle, Some(timeout))?;
        Ok(held.map(ConditionGuard))
    }
}

/// A condition whose lock is held; dropping it releases the lock.
///
/// Each call may fail with the errors of a broken connection. Then the lock is
/// not held any more.
#[derive(Debug)]
#[must_use = "the lock is released when its guard is dropped"]
pub struct ConditionGuard<H: Handle>(LockGuard<H>);

impl<H: Handle> ConditionGuard<H> {
    /// Gives up the lock, waits to be notified, and takes the lock again.
    ///
    /// # Errors
    ///
    /// See [`ConditionGuard`].
    pub fn wait(&mut self) -> Result<(), Error> {
        self.0.call("wait", &[], None).map(drop)
    }

    /// Like [`wait`](Self::wait), for at most `timeout` (and however long it takes
    /// to get the lock back). Returns whether it was notified.
    ///
    /// # Errors
    ///
    /// See [`ConditionGuard`].
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<bool, Error> {
        let args = [seconds(Some(timeout))];
        // Nobody knows how long somebody else will hold the lock.
        Ok(self.0.call("wait", &args, None)?.is_truthy())
    }

    /// Waits until `true_now`, which is called with the lock held, returns true,
    /// or until `timeout` is over. Returns what it returned last.
    ///
    /// # Errors
    ///
    /// What `true_now` fails with; see [`ConditionGuard`].
    pub fn wait_for(
        &mut self,
        mut true_now: impl FnMut() -> Result<bool, Error>,
        timeout: Option<Duration>,
    ) -> Result<bool, Error> {
        let start = Instant::now();
        while !true_now()? {
            let Some(timeout) = timeout else {
                self.wait()?;
                continue;
            };
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            self.wait_timeout(left)?;
        }
        Ok(true)
    }

    /// Wakes that many of those who wait. They go on once the lock is released.
    ///
    /// # Errors
    ///
    /// See [`ConditionGuard`].
    pub fn notify(&self, count: usize) -> Result<(), Error> {
        let wait = Some(Duration::ZERO);
        self.0.call("notify", &[index(count)], wait).map(drop)
    }

    /// Wakes all who wait.
    ///
    /// # Errors
    ///
    /// See [`ConditionGuard`].
    pub fn notify_all(&self) -> Result<(), Error> {
        let wait = Some(Duration::ZERO);
        self.0.call("notify_all", &[], wait).map(drop)
    }

    /// Releases the lock, as dropping it does, and says whether that worked.
    ///
    /// # Errors
    ///
    /// As [`LockGuard::release`].
    pub fn release(self) -> Result<(), Error> {
        self.0.release()
    }
}
