//! A pool's settings, and its start.

use std::fmt;
use std::io;

use crossbeam_channel::unbounded;
use rustix::process::{PidfdFlags, getpid, getppid, pidfd_open};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::decode_first;
use crate::deadline::Deadline;
use crate::pool::error::StartError;
use crate::pool::handle::Pool;
use crate::pool::helper::Helper;
use crate::pool::inner::Inner;
use crate::pool::message::Report;
use crate::pool::starts::Starts;
use crate::pool::state::WorkerState;
use crate::pool::threads::{TICK, Threads};
use crate::pool::worker::{self, Work};
use crate::process::{self, ExitStatus, Outcome, Process, SpawnError};
use crate::queue::Error;
use crate::queue::process::Ring;
use crate::shared::Shared;

/// Jobs that may wait in a queue.
const ITEMS: usize = 1 << 16;

/// Bytes that may wait in a queue, and the largest argument or result.
const BYTES: usize = (4 << 20) - 8;

/// The least bytes for the queue of reports: the pool's own reports, of deaths
/// and of results that are too large, always fit.
const NEWS: usize = 512;

/// A pool with other settings than [`Pool::new`] has.
///
/// ```
/// let pool = multiproc::pool::PoolBuilder::new()
///     .workers(8)
///     .initializer(|| println!("a worker starts"))
///     .max_tasks_per_child(100)
///     .retries(1)
///     .build(|text: String| text.len())?;
/// # pool.close().join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PoolBuilder<'a> {
    workers: usize,
    initializer: Option<Box<dyn Fn() -> i32 + 'a>>,
    max_tasks: Option<u64>,
    retries: u32,
    bytes: usize,
}

impl Default for PoolBuilder<'_> {
    fn default() -> Self {
        PoolBuilder::new()
    }
}

impl<'a> PoolBuilder<'a> {
    /// One worker for each CPU that this process may use.
    pub fn new() -> Self {
        PoolBuilder {
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

    /// Calls `initializer` in each worker when it starts, before its first task.
    /// It fails when it returns an error (which is printed on standard error),
    /// panics, exits or crashes. After three failures in a row in the same slot
    /// the pool gives up, and all tasks end in
    /// [`PoolError::Initializer`](crate::pool::PoolError::Initializer).
    ///
    /// A worker that is *killed* in it does not count as a failure: it is
    /// replaced, after longer and longer pauses, up to 200 ms.
    pub fn initializer<O: Outcome>(mut self, initializer: impl Fn() -> O + 'a) -> Self {
        let status = move || initializer().report("pool-worker");
        self.initializer = Some(Box::new(status));
        self
    }

    /// A fresh process replaces a worker after this many tasks (in a `map`,
    /// chunks), which frees whatever they leaked. At least one.
    pub fn max_tasks_per_child(mut self, tasks: u64) -> Self {
        self.max_tasks = Some(tasks.max(1));
        self
    }

    /// How often to try again a task whose worker died. By default not at all,
    /// since it may be partly done.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The size of the largest argument or result (in a `map`, of a chunk of
    /// them), serialised, in bytes: 4 MiB by default. Two queues of that size
    /// take memory as they fill.
    pub fn largest_message(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Forks the workers, each with its own copy of `task` and all that it
    /// captures, and returns when all of them are running.
    ///
    /// # Errors
    ///
    /// [`StartError`]: this process has threads, or the system refuses. No
    /// process is left then.
    pub fn build<A, R>(self, task: impl Fn(A) -> R) -> Result<Pool<A, R>, StartError>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        if !(1..=32_767).contains(&self.workers) {
            return Err(StartError::Workers);
        }
        let tasks = Ring::new(ITEMS, self.bytes, self.workers)?;
        let reports = Ring::new(ITEMS, self.bytes.max(NEWS), 0)?;
        let states = Shared::slice(self.workers, |_| WorkerState::new())?;
        let (stop, stop_writer) = io::pipe()?;
        let program = pidfd_open(getpid(), PidfdFlags::empty())
            .map_err(|error| SpawnError::System(error.into()))?;
        // The closure owns `stop` and `program`, so this process's copies are
        // closed when `spawn` returns.
        let helper = process::Builder::new("pool-helper")
            .ignore_interrupt()
            .close_in_child(&stop_writer)
            .spawn(|| {
                let work = Work {
                    tasks: &tasks,
                    reports: &reports,
                    most: self.max_tasks,
                    initializer: self.initializer.as_deref(),
                };
                let helper = Helper {
                    tasks: &tasks,
                    reports: &reports,
                    states: &states,
                    program,
                    parent: getppid(),
                    stop,
                    work: &|slot, state: &WorkerState| worker::run(&work, slot, state, &task),
                    workers: Vec::with_capacity(self.workers),
                    starts: Starts::new(self.workers),
                };
                helper.run()
            })?;
        wait_for_start(&reports, &helper, self.workers)?;
        let (calls, receiver) = unbounded();
        let inner = Inner::new(
            (tasks, reports),
            helper,
            stop_writer,
            self.workers,
            self.retries,
            calls,
        );
        Ok(Pool::of(inner, Threads::new(receiver)))
    }
}

impl fmt::Debug for PoolBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("workers", &self.workers)
            .field("max_tasks_per_child", &self.max_tasks)
            .field("retries", &self.retries)
            .field("largest_message", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Waits until the helper reports that all workers are forked.
fn wait_for_start(reports: &Ring, helper: &Process, workers: usize) -> Result<(), StartError> {
    let other = |error: String| StartError::Queue(io::Error::other(error));
    let gone = |status: ExitStatus| other(format!("the pool's helper {status}"));
    let mut bytes = Vec::new();
    loop {
        // The helper may be killed before it can say anything.
        match reports.get(&mut bytes, Deadline::after(TICK)) {
            Ok(()) => {}
            Err(Error::Empty) => match helper.exit_status()? {
                // It may have reported why just before it ended.
                Some(status) if reports.is_empty() => return Err(gone(status)),
                _ => continue,
            },
            Err(error) => return Err(other(error.to_string())),
        }
        return match decode_first(&bytes) {
            Ok((Report::Started, _)) => Ok(()),
            Ok((Report::NotStarted { worker, reason }, _)) => {
                helper.join()?;
                Err(StartError::Worker {
                    worker,
                    workers,
                    reason,
                })
            }
            Ok((report, _)) => Err(other(format!("unexpected: {report:?}"))),
            Err(error) => Err(other(error.to_string())),
        };
    }
}
