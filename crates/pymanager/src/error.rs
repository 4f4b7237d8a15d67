//! What can go wrong with a queue in another program.

use std::io;
use std::time::Duration;

use multiproc::connection::auth::AuthError;
use thiserror::Error;

use crate::pickle::{self, Value};
use crate::queue::Refused;
use crate::wire::FrameError;

/// Why a call on a queue, a proxy or a connection did not succeed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No item, now or within the time-out. Python's `queue.Empty`.
    #[error("the queue is empty")]
    Empty,
    /// No room, now or within the time-out. Python's `queue.Full`.
    #[error("the queue is full")]
    Full,
    /// The queue was shut down. Python's `queue.ShutDown`.
    #[error("the queue is shut down")]
    ShutDown,
    /// `task_done` was called more often than items were put.
    #[error("task_done() called too many times")]
    TooManyDone,
    /// A priority queue cannot place the item; Python's `TypeError`.
    #[error("{0}")]
    Incomparable(String),
    /// The queue, or the manager, may not hold more data.
    #[error("{0}")]
    NoMemory(String),
    /// A barrier that somebody gave up, or aborted. Python's
    /// `threading.BrokenBarrierError`.
    #[error("the barrier is broken")]
    BrokenBarrier,
    /// The method raised another exception there.
    #[error("{class}{}{message}", if message.is_empty() { "" } else { ": " })]
    #[non_exhaustive]
    Raised {
        /// The module of the exception's class.
        module: String,
        /// The exception's class, without its module.
        class: String,
        /// What it says: its argument, or all of them where there are several.
        message: String,
        /// What it was made with.
        args: Vec<Value>,
    },
    /// The method returned an object of the manager's, where a value was
    /// expected: it has to be called with [`Proxy::call_for_proxy`].
    ///
    /// [`Proxy::call_for_proxy`]: crate::Proxy::call_for_proxy
    #[error("'{0}' returns an object, not a value")]
    IsObject(String),
    /// The manager could not do what was asked: an unknown name, or a queue
    /// that it does not have any more. Python's `RemoteError`.
    #[error("the manager refuses: {0}")]
    Refused(String),
    /// The manager cannot be reached.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where it should be.
        address: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The manager does not accept our key.
    #[error("the manager rejects the key")]
    KeyRejected,
    /// The manager did not prove that it has the key itself.
    #[error("the manager does not have the key")]
    KeyUnproven,
    /// No answer came in time.
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    /// The connection ended: the manager is gone, or was shut down.
    #[error("the connection was closed: the manager has ended")]
    Disconnected,
    /// The manager's host gave no sign of life: it has lost its power or its
    /// network, or a link on the way is cut.
    #[error("the manager at {address} has vanished: no sign of life for {after:?}")]
    Vanished {
        /// Where it should be.
        address: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// What came is not the manager's protocol, or beyond the limits.
    #[error("{0}")]
    Protocol(String),
    /// A value that cannot be sent, or that is not of the type wanted.
    #[error(transparent)]
    Pickle(#[from] pickle::Error),
    /// The system refuses something.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Empty => Error::Empty,
            Refused::Full => Error::Full,
            Refused::Closed => Error::ShutDown,
            Refused::TooManyDone => Error::TooManyDone,
            Refused::Incomparable(error) => Error::Incomparable(error.0),
            Refused::NoMemory(text) => Error::NoMemory(text),
            Refused::CalledOff => Error::Disconnected,
            Refused::Unfinished => Error::Empty,
        }
    }
}

impl Error {
    /// What a broken connection means to whoever waited up to `patience`.
    pub(crate) fn of_frame(error: FrameError, patience: Duration) -> Self {
        match error {
            FrameError::EndOfFile
            | FrameError::CutShort { .. }
            | FrameError::BrokenPipe
            | FrameError::Closed => Error::Disconnected,
            FrameError::TimedOut | FrameError::Cut { .. } => Error::NoAnswer(patience),
            FrameError::System(error) => match error.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::NotConnected
                | io::ErrorKind::BrokenPipe => Error::Disconnected,
                _ => Error::Io(error),
            },
            error => Error::Protocol(error.to_string()),
        }
    }

    pub(crate) fn of_handshake(error: AuthError, patience: Duration) -> Self {
        match error {
            AuthError::Wrong => Error::KeyUnproven,
            AuthError::Rejected => Error::KeyRejected,
            AuthError::Protocol(what) => Error::Protocol(what.to_string()),
            AuthError::Connection(FrameError::TooLarge { .. } | FrameError::BadLength(_)) => {
                Error::Protocol("what is there speaks another protocol".to_string())
            }
            AuthError::Connection(error) => Self::of_frame(error, patience),
            // What else there may come to be is no good-bye either.
            other => Error::Protocol(other.to_string()),
        }
    }
}
