//! What can go wrong: at the start, in one task, with the whole pool.

use std::io;

use thiserror::Error;

use crate::error_text::debug_as_message;
use crate::process::{Died, SpawnError};

/// Why a pool could not be made. No process is left of it.
#[derive(Error)]
#[non_exhaustive]
pub enum StartError {
    /// The helper process could not be forked: see [`SpawnError`]. A process
    /// with threads is refused: make pools before threads, and before the first
    /// task of another pool.
    #[error("cannot start the pool")]
    Helper(#[from] SpawnError),
    /// The system refused to fork a worker: a limit on processes or descriptors.
    #[error("cannot start worker {worker} of {workers}: {reason}")]
    Worker {
        /// Its number, from 1.
        worker: usize,
        /// How many there should be.
        workers: usize,
        /// The system's message.
        reason: String,
    },
    /// The system has no memory for the queues, or they were to be too large.
    #[error("cannot make the pool's queues")]
    Queue(#[from] io::Error),
    /// The number of workers is out of range.
    #[error("a pool has at least one worker, and at most 32767")]
    Workers,
}

/// Why a task has no result.
///
/// In `map` and its relatives, a task's number is its position in the input.
/// Otherwise tasks are numbered from 0 as they are added, and each chunk of a
/// `map` takes one number.
///
/// ```
/// use multiproc::pool::{Pool, TaskError};
///
/// let pool = Pool::new(2, |n: u32| 100 / n)?;
/// match pool.apply(0) {
///     Ok(result) => println!("{result}"),
///     Err(TaskError::Panicked { message, .. }) => eprintln!("{message}"),
///     Err(TaskError::WorkerDied { died, .. }) => eprintln!("{died}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// The worker died during the task: a signal killed it, or it exited. The
    /// task may be partly done.
    #[error("task {task} was lost")]
    WorkerDied {
        /// The task's number.
        task: u64,
        /// Which process died, and how.
        #[source]
        died: Died,
    },
    /// The task panicked. Its worker goes on.
    #[error("task {task} panicked: {message}")]
    Panicked {
        /// The task's number.
        task: u64,
        /// The panic's message and place.
        message: String,
    },
    /// The task is done, but its result cannot be passed on: it does not
    /// serialise, is larger than the queue, or does not deserialise.
    #[error("task {task}: cannot pass on the result: {reason}")]
    BadResult {
        /// The task's number.
        task: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The task was not started: its argument cannot be sent.
    #[error("task {task}: cannot pass on the argument: {reason}")]
    BadArgument {
        /// The task's number.
        task: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The pool was terminated before the task was done.
    #[error("the pool was terminated")]
    Terminated,
    /// The pool cannot go on: see [`PoolError`].
    #[error(transparent)]
    Broken(#[from] PoolError),
    /// There was no result in time; it may still come.
    #[error("no result yet")]
    Timeout,
    /// The result was taken earlier.
    #[error("the result was taken already")]
    Taken,
}

/// Why a whole pool has failed.
#[derive(Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// The initializer fails in one worker after another: it panics, exits,
    /// returns an error or crashes. (A worker that is killed does not count: see
    /// [`PoolBuilder::initializer`](crate::pool::PoolBuilder::initializer).)
    #[error("workers cannot start: their initializer fails")]
    Initializer(#[source] Died),
    /// One worker after another exits before it runs any of the caller's code.
    #[error("workers cannot start")]
    Start(#[source] Died),
    /// All workers are gone, and the system refuses new ones.
    #[error("no worker can be forked: {0}")]
    Fork(String),
    /// The pool's helper process was killed.
    #[error("the pool's helper, process {}, {}", .0.pid, .0.status)]
    Helper(Died),
    /// The pool was made by the parent of this process, or a process further up.
    #[error("this pool belongs to process {0}: make one in this process")]
    Foreign(u32),
    /// The system refused the pool's threads: a limit, or the program has asked
    /// for a new PID namespace (unshare(2)) and may start none. In that case
    /// make the pool in the namespace's first process.
    #[error("cannot start the pool's threads: {0}")]
    Threads(String),
}

debug_as_message!(StartError, TaskError, PoolError);
