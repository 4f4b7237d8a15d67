//! What can go wrong with a run.

use std::io;

use multiproc::process::{Died, SpawnError};
use nix::errno::Errno;
use thiserror::Error as ThisError;

/// Why a run failed.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A thread or the system's numbers are not to be had.
    #[error("{what}")]
    System {
        /// What failed.
        what: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A process could not be started.
    #[error("cannot start process {number}")]
    Spawn {
        /// The how manieth.
        number: u32,
        /// Why not.
        #[source]
        error: SpawnError,
    },
    /// A process ended by itself.
    #[error(transparent)]
    Died(#[from] Died),
    /// Python did something else than it was told.
    #[error("python3 {0}")]
    Python(String),
}

impl Error {
    /// `what` failed.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Error::System { what, error }
    }
}

impl From<Errno> for Error {
    fn from(error: Errno) -> Self {
        Error::system("cannot measure")(error.into())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::system("cannot wait or measure")(error)
    }
}
