//! What the pool's handles and threads share: the queues, the helper, and the
//! jobs that are not done.

use std::collections::HashMap;
use std::fmt;
use std::io::{PipeWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{SendError, Sender};

use crate::codec::decode_first;
use crate::deadline::Deadline;
use crate::pool::caught::{caught, drop_each};
use crate::pool::error::{PoolError, TaskError};
use crate::pool::message::{JobNumber, Report, write_job_head};
use crate::pool::result::{Promise, Results};
use crate::process::{Owner, Process};
use crate::queue::Error;
use crate::queue::process::Ring;

/// How long the helper has to end its workers and itself.
const GRACE: Duration = Duration::from_secs(5);

/// A caller's function for a result or an error.
pub(crate) type Callback<T> = Box<dyn FnOnce(&T) + Send>;

/// A job for the callback thread.
pub(crate) type Call = Box<dyn FnOnce() + Send>;

/// Where a job's results go.
pub(crate) enum Sink<R> {
    One(Arc<Promise<Result<R, TaskError>>>),
    Callbacks(Box<Callbacks<R>>),
    /// Called with the results and the number of bytes they took.
    Many(Box<dyn FnOnce(Results<R>, usize) + Send>),
}

/// Where the result of a task with callbacks goes.
pub(crate) struct Callbacks<R> {
    pub(crate) promise: Arc<Promise<Result<R, TaskError>>>,
    pub(crate) callback: Option<Callback<R>>,
    pub(crate) error_callback: Option<Callback<TaskError>>,
}

impl<R: Send + 'static> Sink<R> {
    /// Hands over the results; callbacks are passed to `call`.
    pub(crate) fn deliver(self, results: Results<R>, bytes: usize, call: impl FnOnce(Call)) {
        match self {
            Sink::Many(deliver) => deliver(results, bytes),
            Sink::One(promise) => {
                if let Some(result) = results.into_iter().next() {
                    promise.fill_one(result);
                }
            }
            Sink::Callbacks(callbacks) => {
                if let Some(result) = results.into_iter().next() {
                    call(Box::new(move || callbacks.run(result)));
                }
            }
        }
    }
}

impl<R> Callbacks<R> {
    fn run(self, result: Result<R, TaskError>) {
        let (callback, error_callback) = (self.callback, self.error_callback);
        // The panic hook has reported a callback that panics. Its task's result
        // is still good, and the next callback must run.
        caught(|| match &result {
            Ok(value) => callback.into_iter().for_each(|callback| callback(value)),
            Err(error) => error_callback
                .into_iter()
                .for_each(|callback| callback(error)),
        });
        self.promise.fill_one(result);
    }
}

/// A job that is not done.
pub(crate) struct Pending<R> {
    pub(crate) sink: Sink<R>,
    /// The number of its first task, and how many tasks it has.
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// The results that have arrived, and how many bytes they took.
    pub(crate) arrived: Results<R>,
    pub(crate) bytes: usize,
    /// How often it may be tried again, and what to send then.
    pub(crate) retry: Option<(u32, Vec<u8>)>,
}

/// What the caller's threads and the collector share under a lock.
pub(crate) struct Table<R> {
    pub(crate) pending: HashMap<JobNumber, Pending<R>>,
    /// Why every further task fails.
    pub(crate) broken: Option<TaskError>,
    /// The helper's end is expected.
    pub(crate) ending: bool,
}

pub(crate) struct Inner<R> {
    pub(crate) tasks: Ring,
    pub(crate) reports: Ring,
    pub(crate) helper: Process,
    pub(crate) workers: usize,
    /// The process that made the pool. A copy in a child must neither end the
    /// workers nor take its parent's results.
    pub(crate) owner: Owner,
    stop: Mutex<PipeWriter>,
    retries: u32,
    next: AtomicU64,
    table: Mutex<Table<R>>,
    /// Signalled when `pending` becomes empty.
    idle: Condvar,
    /// To the callback thread; `None` ends it.
    calls: Sender<Option<Call>>,
}

impl<R> Inner<R> {
    pub(crate) fn new(
        (tasks, reports): (Ring, Ring),
        helper: Process,
        stop: PipeWriter,
        workers: usize,
        retries: u32,
        calls: Sender<Option<Call>>,
    ) -> Self {
        Inner {
            tasks,
            reports,
            helper,
            workers,
            owner: Owner::this_process(),
            stop: Mutex::new(stop),
            retries,
            next: AtomicU64::new(0),
            table: Mutex::new(Table {
                pending: HashMap::new(),
                broken: None,
                ending: false,
            }),
            idle: Condvar::new(),
            calls,
        }
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table<R>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new job's number.
    pub(crate) fn number(&self) -> JobNumber {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The error for a process that has only a copy of the pool.
    pub(crate) fn foreign(&self) -> PoolError {
        PoolError::Foreign(self.owner.pid().as_raw_nonzero().get().cast_unsigned())
    }

    pub(crate) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("workers", &self.workers)
            .field("helper", &self.helper)
            .finish_non_exhaustive()
    }

    /// Waits until no job is pending.
    pub(crate) fn wait_idle(&self) -> MutexGuard<'_, Table<R>> {
        let mut table = self.table();
        while !table.pending.is_empty() {
            table = self
                .idle
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
        }
        table
    }

    /// Tells the helper to end the workers and itself, and waits for it.
    pub(crate) fn stop(&self) {
        if matches!(self.helper.exit_status(), Ok(Some(_))) {
            return;
        }
        // A byte, not the end of the file: a child of the program may have
        // inherited this end and keep it open. An error: the helper is gone.
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = stop.write_all(&[0]);
        drop(stop);
        if !matches!(self.helper.join_timeout(GRACE), Ok(Some(_))) {
            let _ = self.helper.kill();
            // Not for ever: a program that has given up its privileges may not
            // be allowed to kill it.
            let _ = self.helper.join_timeout(GRACE);
        }
    }
}

impl<R: Send + 'static> Inner<R> {
    /// Adds a job of `count` tasks, numbered from `first`. `bytes` holds room
    /// for the head, then the arguments. Errors go to `sink`.
    pub(crate) fn submit(
        &self,
        job: JobNumber,
        (first, count): (u64, u32),
        bytes: &mut [u8],
        sink: Sink<R>,
    ) {
        write_job_head(bytes, job, count);
        let pending = Pending {
            sink,
            first,
            count,
            arrived: Vec::new(),
            bytes: 0,
            retry: (self.retries > 0).then(|| (self.retries, bytes.to_vec())),
        };
        let mut table = self.table();
        if let Some(error) = table.broken.clone() {
            drop(table);
            return self.deliver_error(pending, &error);
        }
        table.pending.insert(job, pending);
        drop(table);
        if let Err(error) = self.tasks.put(bytes, Deadline::NEVER) {
            let error = match error {
                // Whoever closed the queue has left the reason.
                Error::Closed => self.table().broken.clone().unwrap_or(TaskError::Terminated),
                error => TaskError::BadArgument {
                    task: first,
                    reason: error.to_string(),
                },
            };
            if let Some(pending) = self.remove(job) {
                self.deliver_error(pending, &error);
            }
        }
    }

    /// Takes a job off the table.
    pub(crate) fn remove(&self, job: JobNumber) -> Option<Pending<R>> {
        let mut table = self.table();
        let pending = table.pending.remove(&job);
        if table.pending.is_empty() {
            self.idle.notify_all();
        }
        pending
    }

    /// Fails all jobs with an error, and refuses new ones.
    pub(crate) fn fail_all(&self, error: &TaskError) {
        let mut table = self.table();
        table.broken.get_or_insert(error.clone());
        let jobs = std::mem::take(&mut table.pending);
        drop(table);
        // Wakes whoever waits for room.
        self.tasks.close();
        // A worker that outlives its helper must find nothing more to do.
        let mut bytes = Vec::new();
        while self.tasks.try_get(&mut bytes).is_ok() {}
        for pending in jobs.into_values() {
            self.deliver_error(pending, error);
        }
        self.idle.notify_all();
    }

    /// Fails one task that was never submitted.
    pub(crate) fn fail_unsent(&self, sink: Sink<R>, error: TaskError) {
        self.deliver(sink, vec![Err(error)], 0);
    }

    /// Reads the last reports when there is no collector: they say why the
    /// helper gave up, if it did.
    pub(crate) fn hear_last_reports(&self) {
        let mut bytes = Vec::new();
        while self.reports.try_get(&mut bytes).is_ok() {
            if let Ok((Report::GaveUp(cause), _)) = decode_first(&bytes) {
                self.fail_all(&PoolError::from(cause).into());
            }
        }
    }

    /// Delivers a job's results to their sink.
    pub(crate) fn deliver(&self, sink: Sink<R>, results: Results<R>, bytes: usize) {
        sink.deliver(results, bytes, |call| {
            // The callback thread is gone: call it here.
            if let Err(SendError(Some(call))) = self.calls.send(Some(call)) {
                call();
            }
        });
    }

    /// Fails all tasks of a job with an error.
    pub(crate) fn deliver_error(&self, pending: Pending<R>, error: &TaskError) {
        drop_each(pending.arrived);
        let errors = (0..pending.count).map(|_| Err(error.clone()));
        self.deliver(pending.sink, errors.collect(), 0);
    }

    /// Ends the callback thread after the calls already queued.
    pub(crate) fn end_calls(&self) {
        let _ = self.calls.send(None);
    }
}
