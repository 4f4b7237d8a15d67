//! What can go wrong, each named for what its receiver may do about it.

use std::time::Duration;

/// Why a call on a queue failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There was no task within the time given.
    #[error("the queue is empty")]
    Empty,
    /// The queue is at its limit; the task was not added.
    #[error("the queue is full: {0}")]
    Full(String),
    /// The message is larger than the server takes.
    #[error("the task is too large for the server: {0}")]
    TooLarge(String),
    /// Nobody listens there, or the server refuses this client.
    #[error("cannot connect to {server}: {reason}")]
    Connect {
        /// As it was given to `open`, passwords left out.
        server: String,
        /// What the attempt came to.
        reason: String,
    },
    /// The server did not answer in time. Whether it has done what it was asked
    /// for is not known: a put may be repeated with the same id.
    #[error("no answer from the server within {0:?}")]
    NoAnswer(Duration),
    /// The task's lease ran out before this call. Another worker may have the
    /// task; nothing was recorded.
    #[error("the lease of task {0} has run out: another worker may have it")]
    LeaseLost(String),
    /// The outcome of this task was recorded by another worker, and is the one
    /// that counts.
    #[error("task {0} was finished by another worker")]
    AlreadyDone(String),
    /// The task ended in the dead letters: the answer to `result`.
    #[error("task {id} failed: {reason}")]
    Failed {
        /// The task's id.
        id: String,
        /// Why it was given up.
        reason: String,
    },
    /// What was waited for did not happen within the time given.
    #[error("it did not happen within {0:?}")]
    TimedOut(Duration),
    /// There is no dead letter of that id.
    #[error("there is no dead letter {0}")]
    NotFound(String),
    /// An id or a queue's name that cannot be one.
    #[error("{what} {text:?} {why}")]
    Name {
        /// Id or name.
        what: &'static str,
        /// As it was given.
        text: String,
        /// What it must not contain.
        why: &'static str,
    },
    /// The queue exists, with another setting than the one asked for.
    #[error("the queue has {setting} {has}, and not {wanted}")]
    Differs {
        /// The setting's name.
        setting: &'static str,
        /// What the queue was made with.
        has: String,
        /// What was asked for.
        wanted: String,
    },
    /// A setting that contradicts another one, or cannot be.
    #[error("{0}")]
    Setting(String),
    /// There is a stream of that name, which is not a queue of this library.
    #[error("the stream {0} is not a queue")]
    NotAQueue(String),
    /// A value that cannot be written as JSON.
    #[error("the value cannot be written as JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// A result or a dead letter that is not of the type asked for.
    #[error("the value cannot be read: {0}")]
    Decode(#[source] serde_json::Error),
    /// Called on a thread that drives an event loop, which must not block.
    #[error("this call blocks, and must not be made on a thread of an async runtime")]
    InRuntime,
    /// The operating system refused a thread or an event loop.
    #[error("cannot start the queue's thread: {0}")]
    Thread(#[source] std::io::Error),
    /// The server answered with an error of its own.
    #[error("the server refuses: {description} (code {code})")]
    Server {
        /// JetStream's error number.
        code: u32,
        /// JetStream's words.
        description: String,
    },
}
