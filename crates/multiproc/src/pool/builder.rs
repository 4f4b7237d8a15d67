//! How a pool is to be, and its start.

use std::io;
use std::sync::atomic::AtomicU32;

use crate::codec::decode_first;
use crate::deadline::Deadline;
use crate::process::{Builder as ProcessBuilder, ExitStatus};
use crate::queue::Error;
use crate::queue::process::Ring;
use crate::shared::Shared;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pool::error::StartError;
use crate::pool::handle::Pool;
use crate::pool::helper::{Helper, Place};
use crate::pool::message::Reply;
use crate::pool::table::Inner;
use crate::pool::worker::{self, Work};

/// Jobs that may wait in a queue.
const ITEMS: usize = 1 << 16;

/// Bytes that may wait in a queue, and the largest argument or result.
const BYTES: usize = (4 << 20) - 8;

/// What the pool itself has to say, of deaths and of results that do not fit,
/// always fits.
const NEWS: usize = 512;

/// A pool with other settings than [`Pool::new`] has.
///
/// ```no_run
/// // (not run: a doc test is a process with several threads)
/// let pool = multiproc::pool::Builder::new()
///     .workers(8)
///     .initializer(|| println!("a worker starts"))
///     .max_tasks_per_child(100)
///     .retries(1)
///     .build(|text: String| text.len())?;
/// # pool.close().join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Builder<'a> {
    workers: usize,
    initializer: Option<Box<dyn Fn() + 'a>>,
    max_tasks: Option<u64>,
    retries: u32,
    bytes: usize,
}

impl Default for Builder<'_> {
    fn default() -> Self {
        Builder::new()
    }
}

impl<'a> Builder<'a> {
    /// One worker for each CPU that this process may use.
    pub fn new() -> Self {
        Builder {
            workers: num_cpus::get(),
            initializer: None,
            max_tasks: None,
            retries: 0,
            bytes: BYTES,
        }
    }

    /// How many workers.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Is called in each worker when it starts, before its first task. When
    /// three workers in a row at the same place do not survive it, the pool
    /// gives up, and all tasks end in [`PoolError::Initializer`](crate::pool::PoolError::Initializer).
    pub fn initializer(mut self, initializer: impl Fn() + 'a) -> Self {
        self.initializer = Some(Box::new(initializer));
        self
    }

    /// A worker gives way to a fresh process after so many tasks (chunks, in
    /// a `map`), which frees whatever they leaked. At least one.
    pub fn max_tasks_per_child(mut self, tasks: u64) -> Self {
        self.max_tasks = Some(tasks.max(1));
        self
    }

    /// How often a task whose worker died is tried again; not at all unless
    /// told so, since it may have been done in part.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The size of the largest argument or result (of a chunk, in a `map`),
    /// serialised, in bytes: 4 MiB unless told otherwise. Two queues of that
    /// size take memory as they are filled.
    pub fn largest_message(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Forks the workers, each with its own copy of `task` and all that it
    /// captures, and returns when they are there.
    pub fn build<A, R>(self, task: impl Fn(A) -> R) -> Result<Pool<A, R>, StartError>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        if !(1..=32_767).contains(&self.workers) {
            return Err(StartError::Workers);
        }
        let tasks = Ring::new(ITEMS, self.bytes, self.workers)?;
        let replies = Ring::new(ITEMS, self.bytes.max(NEWS), 0)?;
        let places = Shared::slice(self.workers, |_| (AtomicU32::new(0), AtomicU32::new(0)))?;
        let (stop, stop_writer) = io::pipe()?;
        // Moved into the helper's closure, and so closed here.
        let helper = ProcessBuilder::new("pool-helper")
            .ignore_interrupt()
            .close_in_child(&stop_writer)
            .spawn(|| {
                let work = Work {
                    tasks: &tasks,
                    replies: &replies,
                    most: self.max_tasks,
                    initializer: self.initializer.as_deref(),
                };
                let helper = Helper {
                    tasks: &tasks,
                    replies: &replies,
                    places: &places,
                    stop,
                    work: &|slot, place: &Place<'_>| worker::run(&work, slot, place, &task),
                    failures: vec![0; self.workers],
                };
                helper.run()
            })?;
        wait_for_start(&replies, &helper, self.workers)?;
        Ok(Pool::of(Inner::new(
            tasks,
            replies,
            helper,
            stop_writer,
            self.workers,
            self.retries,
        )))
    }
}

/// Waits until the helper says that all workers are forked.
fn wait_for_start(
    replies: &Ring,
    helper: &crate::process::Process,
    workers: usize,
) -> Result<(), StartError> {
    let gone = |status: ExitStatus| {
        StartError::Queue(io::Error::other(format!("the pool's helper {status}")))
    };
    let mut bytes = Vec::new();
    loop {
        // The helper may be killed before it can say anything.
        match replies.get(&mut bytes, Deadline::after(crate::pool::collector::TICK)) {
            Ok(()) => {}
            Err(Error::Empty) => match helper.exit_status()? {
                // It may have said why between our look and its end.
                Some(status) if replies.is_empty() => return Err(gone(status)),
                _ => continue,
            },
            Err(error) => return Err(StartError::Queue(io::Error::other(error))),
        }
        return match decode_first(&bytes) {
            Ok((Reply::Started, _)) => Ok(()),
            Ok((Reply::NotStarted { worker, reason }, _)) => {
                helper.join()?;
                Err(StartError::Worker {
                    worker,
                    workers,
                    reason,
                })
            }
            Ok((other, _)) => Err(StartError::Queue(io::Error::other(format!(
                "unexpected: {other:?}"
            )))),
            Err(error) => Err(StartError::Queue(io::Error::other(error))),
        };
    }
}
