//! What can go wrong: with a start, with one task, with the whole pool.

use std::io;

use thiserror::Error;

use crate::error_text::debug_as_message;
use crate::process::{Died, SpawnError};

/// Why a pool could not be made. Whatever was forked by then is gone again.
#[derive(Error)]
#[non_exhaustive]
pub enum StartError {
    /// The helper process could not be forked: see [`SpawnError`]. A process
    /// with threads is refused: make pools before threads, and before the first
    /// task of another pool.
    #[error("cannot start the pool")]
    Helper(#[from] SpawnError),
    /// The system refused a worker, by its limit on processes or descriptors.
    #[error("cannot start worker {worker} of {workers}: {reason}")]
    Worker {
        /// Its number, from 1.
        worker: usize,
        /// How many there should be.
        workers: usize,
        /// What the system said.
        reason: String,
    },
    /// Shared memory could not be had, or too large a queue was asked for.
    #[error("cannot make the pool's queues")]
    Queue(#[from] io::Error),
    /// A pool needs a worker.
    #[error("a pool has at least one worker, and at most 32767")]
    Workers,
}

/// Why a task has no result. A task's number is its place in the input of
/// `map` and its like; else tasks are counted from 0 as they are added, each chunk of a `map`
/// as one.
#[derive(Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// The worker died during the task, by a signal or by exiting. The task
    /// may have been done in part.
    #[error("task {task} was lost")]
    WorkerDied {
        /// The task's number.
        task: u64,
        /// Which process it was and how it ended.
        #[source]
        died: Died,
    },
    /// The task panicked. Its worker goes on.
    #[error("task {task} panicked: {message}")]
    Panicked {
        /// The task's number.
        task: u64,
        /// What the panic said, and where.
        message: String,
    },
    /// The task was done, and its result cannot be sent: it does not serialise,
    /// or is larger than the queue, or what arrived is no such result.
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
    /// No result within the time-out; it may still come.
    #[error("no result yet")]
    Timeout,
    /// The result was taken before.
    #[error("the result was taken already")]
    Taken,
}

/// Why a whole pool came to its end.
#[derive(Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// The initializer fails in one worker after the other: it panics, exits,
    /// returns an error or crashes. (One that is killed does not count: see
    /// [`PoolBuilder::initializer`](crate::pool::PoolBuilder::initializer).)
    #[error("workers cannot start: their initializer fails")]
    Initializer(#[source] Died),
    /// One worker after the other ends by itself before it has run any code of
    /// the caller's.
    #[error("workers cannot start")]
    Start(#[source] Died),
    /// All workers are gone, and the system refuses new ones.
    #[error("no worker can be forked: {0}")]
    Fork(String),
    /// The pool's helper process was killed.
    #[error("the pool's helper, process {}, {}", .0.pid, .0.status)]
    Helper(Died),
    /// The pool was made by another process, of which this is a child.
    #[error("this pool belongs to process {0}: make one in this process")]
    Foreign(u32),
    /// The program has no thread to spare for the pool; or the kernel allows it
    /// none, since it has asked for a new PID namespace (unshare(2)): make the
    /// pool in its first child then.
    #[error("cannot start the pool's threads: {0}")]
    Threads(String),
}

debug_as_message!(StartError, TaskError, PoolError);
