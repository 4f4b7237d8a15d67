//! `Barrier`.

use std::time::Duration;

use super::{Handle, Local, Quick, Types, handle, index, number};
use crate::client::seconds;
use crate::error::Error;
use crate::sync;

/// A point where a fixed number of parties wait for each other, again and again.
/// Python's `threading.Barrier`.
///
/// Each call may fail with the errors of a broken connection.
///
/// ```
/// use std::thread;
/// use pymanager::SharedBarrier;
///
/// let start = SharedBarrier::new(3)?;
/// thread::scope(|scope| {
///     let parties: Vec<_> = (0..3).map(|_| scope.spawn(|| start.wait())).collect();
///     let mut numbers: Vec<_> = parties
///         .into_iter()
///         .map(|party| party.join().expect("it waited"))
///         .collect::<Result<_, _>>()?;
///     numbers.sort();
///     assert_eq!(numbers, [0, 1, 2]);
///     Ok(())
/// })
/// # .map_err(|error: pymanager::Error| error)
/// # ?; Ok::<(), pymanager::Error>(())
/// ```
pub struct Barrier<H> {
    pub(super) handle: H,
    pub(super) types: Types<()>,
}

handle!(Barrier, RemoteBarrier, SharedBarrier);

impl Barrier<Local> {
    /// A barrier of this program's own, for that many parties.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `ValueError`, when there are none.
    pub fn new(parties: usize) -> Result<Self, Error> {
        Ok(Local::new(|call| sync::new_barrier(None, call), [index(parties)])?.into())
    }
}

impl<H: Handle> Barrier<H> {
    /// Waits until all are here. Each gets a number of its own, from 0 up.
    ///
    /// # Errors
    ///
    /// [`Error::BrokenBarrier`] when somebody gave up or aborted it.
    pub fn wait(&self) -> Result<usize, Error> {
        number(&self.handle.call("wait", &[], None)?)
    }

    /// Like [`wait`](Self::wait), for at most `timeout`. After that the barrier
    /// is broken, for everybody.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, Error> {
        let args = [seconds(Some(timeout))];
        number(&self.handle.call("wait", &args, Some(timeout))?)
    }

    /// Breaks it: whoever waits, now or later, gets [`Error::BrokenBarrier`].
    ///
    /// # Errors
    ///
    /// See [`Barrier`].
    pub fn abort(&self) -> Result<(), Error> {
        self.handle.tell("abort", &[])
    }

    /// Makes it usable again. Whoever waits now gets [`Error::BrokenBarrier`].
    ///
    /// # Errors
    ///
    /// See [`Barrier`].
    pub fn reset(&self) -> Result<(), Error> {
        self.handle.tell("reset", &[])
    }

    /// How many parties it is for.
    ///
    /// # Errors
    ///
    /// See [`Barrier`].
    pub fn parties(&self) -> Result<usize, Error> {
        number(&self.handle.ask("__getattribute__", &["parties".into()])?)
    }

    /// How many wait now.
    ///
    /// # Errors
    ///
    /// See [`Barrier`].
    pub fn waiting(&self) -> Result<usize, Error> {
        number(&self.handle.ask("__getattribute__", &["n_waiting".into()])?)
    }

    /// Whether it is broken.
    ///
    /// # Errors
    ///
    /// See [`Barrier`].
    pub fn is_broken(&self) -> Result<bool, Error> {
        let broken = self.handle.ask("__getattribute__", &["broken".into()])?;
        Ok(broken.is_truthy())
    }
}
