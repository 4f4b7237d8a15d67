//! What the program's handles and threads share: the queues, the helper, and
//! the jobs that are not done.

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

/// What a caller wants to be done with a result or an error.
pub(crate) type Callback<T> = Box<dyn FnOnce(&T) + Send>;

/// To be called on the callback thread.
pub(crate) type Call = Box<dyn FnOnce() + Send>;

/// Where a job's results go.
pub(crate) enum Sink<R> {
    One(Arc<Promise<Result<R, TaskError>>>),
    Callbacks(Box<Callbacks<R>>),
    /// Gets the results and how many bytes they took.
    Many(Box<dyn FnOnce(Results<R>, usize) + Send>),
}

/// Where the result of a task with callbacks goes.
pub(crate) struct Callbacks<R> {
    pub(crate) promise: Arc<Promise<Result<R, TaskError>>>,
    pub(crate) callback: Option<Callback<R>>,
    pub(crate) error_callback: Option<Callback<TaskError>>,
}

impl<R: Send + 'static> Sink<R> {
    /// Gives the results away; `call` has the callbacks called.
    pub(crate) fn deliver(
        self,
        mut results: impl Iterator<Item = Result<R, TaskError>>,
        bytes: usize,
        call: impl FnOnce(Call),
    ) {
        match self {
            Sink::Many(deliver) => deliver(results.collect(), bytes),
            Sink::One(promise) => {
                if let Some(result) = results.next() {
                    promise.fill_one(result);
                }
            }
            Sink::Callbacks(callbacks) => {
                if let Some(result) = results.next() {
                    call(Box::new(move || callbacks.run(result)));
                }
            }
        }
    }
}

impl<R> Callbacks<R> {
    fn run(self, result: Result<R, TaskError>) {
        let (callback, error_callback) = (self.callback, self.error_callback);
        // A callback that panics has said so on standard error; the result is
        // as good as before, and the next callback's turn comes.
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
    /// The number of its first task, and how many it has.
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// What has arrived of its results, and how many bytes that took.
    pub(crate) arrived: Results<R>,
    pub(crate) bytes: usize,
    /// How often it may be tried again, and what to send then.
    pub(crate) retry: Option<(u32, Vec<u8>)>,
}

/// What the program's threads and the collector share under a lock.
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
    /// The process that made the pool. A copy in a child of it must not end the
    /// workers, nor take results that are not its own.
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

    /// A number for a job.
    pub(crate) fn number(&self) -> JobNumber {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// What a process is told that has a copy only.
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

    /// Has the helper end the workers and itself.
    pub(crate) fn stop(&self) {
        if matches!(self.helper.exit_status(), Ok(Some(_))) {
            return;
        }
        // By a byte, not by closing the pipe: a child of the program may have
        // inherited this end. The helper may be gone by now.
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = stop.write_all(&[0]);
        drop(stop);
        if !matches!(self.helper.join_timeout(GRACE), Ok(Some(_))) {
            let _ = self.helper.kill();
            // Not for ever: a program that has given up its privileges may not
            // kill it.
            let _ = self.helper.join_timeout(GRACE);
        }
    }
}

impl<R: Send + 'static> Inner<R> {
    /// Adds a job of `count` tasks, the first of which is known as `first`.
    /// `bytes` are its arguments behind room for the head. What goes wrong goes
    /// to `sink`.
    pub(crate) fn submit(
        &self,
        job: JobNumber,
        (first, count): (u64, u32),
        mut bytes: Vec<u8>,
        sink: Sink<R>,
    ) {
        write_job_head(&mut bytes, job, count);
        let pending = Pending {
            sink,
            first,
            count,
            arrived: Vec::new(),
            bytes: 0,
            retry: (self.retries > 0).then(|| (self.retries, bytes.clone())),
        };
        let mut table = self.table();
        if let Some(error) = table.broken.clone() {
            drop(table);
            return self.deliver_error(pending, &error);
        }
        table.pending.insert(job, pending);
        drop(table);
        if let Err(error) = self.tasks.put(&bytes, Deadline::NEVER) {
            let error = match error {
                // Whoever closed the queue has the reason.
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

    /// Gives all jobs an error, and refuses further ones.
    pub(crate) fn fail_all(&self, error: &TaskError) {
        let mut table = self.table();
        table.broken.get_or_insert(error.clone());
        let jobs = std::mem::take(&mut table.pending);
        drop(table);
        // Wakes who waits for room.
        self.tasks.close();
        // Should a worker outlive its helper, it finds nothing more to do.
        let mut bytes = Vec::new();
        while self.tasks.try_get(&mut bytes).is_ok() {}
        for pending in jobs.into_values() {
            self.deliver_error(pending, error);
        }
        self.idle.notify_all();
    }

    /// Gives one task an error that was not submitted.
    pub(crate) fn fail_unsent(&self, sink: Sink<R>, error: TaskError) {
        self.deliver(sink, std::iter::once(Err(error)), 0);
    }

    /// Where there is no collector: why the helper has given up, if it has.
    pub(crate) fn hear_last_reports(&self) {
        let mut bytes = Vec::new();
        while self.reports.try_get(&mut bytes).is_ok() {
            if let Ok((Report::GaveUp(cause), _)) = decode_first(&bytes) {
                self.fail_all(&PoolError::from(cause).into());
            }
        }
    }

    /// Gives a job's results to whom they belong.
    pub(crate) fn deliver(
        &self,
        sink: Sink<R>,
        results: impl Iterator<Item = Result<R, TaskError>>,
        bytes: usize,
    ) {
        sink.deliver(results, bytes, |call| {
            // Where there is no callback thread, it is called here.
            if let Err(SendError(Some(call))) = self.calls.send(Some(call)) {
                call();
            }
        });
    }

    /// Gives all tasks of a job an error.
    pub(crate) fn deliver_error(&self, pending: Pending<R>, error: &TaskError) {
        drop_each(pending.arrived);
        let errors = (0..pending.count).map(|_| Err(error.clone()));
        self.deliver(pending.sink, errors, 0);
    }

    /// Ends the callback thread, once it has made the calls that wait.
    pub(crate) fn end_calls(&self) {
        let _ = self.calls.send(None);
    }
}
