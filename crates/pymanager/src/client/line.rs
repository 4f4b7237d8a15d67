//! A connection of one's own: to the manager, one caller, who owns what it has
//! acquired.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::{Connection, Target, is_broken};
use super::invocation::Invocation;
use super::reply::Returned;
use crate::error::Error;

/// A connection on which nobody else calls. A lock belongs to the connection
/// that has acquired it, so whoever holds one keeps its line. Clones are the
/// same line.
#[derive(Clone)]
pub struct Line(Arc<Held>);

struct Held {
    target: Arc<Target>,
    /// None once it is broken.
    connection: Mutex<Option<Connection>>,
}

impl Line {
    pub(crate) fn new(target: &Arc<Target>) -> Result<Self, Error> {
        let connection = target.take()?;
        Ok(Line(Arc::new(Held {
            target: Arc::clone(target),
            connection: Mutex::new(Some(connection)),
        })))
    }

    /// # Errors
    ///
    /// [`Error::Disconnected`], too, after an earlier call found the connection
    /// broken: what it held is not held any more.
    pub(crate) fn call(&self, call: &Invocation<'_>) -> Result<Returned, Error> {
        let Held { target, .. } = &*self.0;
        let mut held = self.0.lock();
        let mut connection = held.take().ok_or(Error::Disconnected)?;
        let outcome = target.ask(&mut connection, call, target.patience.answer);
        match is_broken(&outcome) {
            true => target.give_back(connection, true),
            false => *held = Some(connection),
        }
        outcome
    }

    /// Closes the connection rather than leave it to somebody else: it may
    /// still own something.
    pub(crate) fn cut(&self) {
        if let Some(connection) = self.0.lock().take() {
            self.0.target.forget(&connection);
        }
    }
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.lock().take() {
            self.target.give_back(connection, false);
        }
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Line").finish_non_exhaustive()
    }
}
