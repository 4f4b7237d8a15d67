//! The pool's two threads in the program: the collector delivers results, the
//! callback thread runs callbacks.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::Receiver;
use serde::de::DeserializeOwned;

use crate::codec::decode_first;
use crate::deadline::Deadline;
use crate::pool::caught::{caught, drop_each};
use crate::pool::error::{PoolError, TaskError};
use crate::pool::inner::{Call, Inner};
use crate::pool::message::{Cause, DONE_HEAD, JobNumber, Report, TaskOutcome, outcomes};
use crate::process::Died;
use crate::queue::Error;
use crate::queue::process::Leave;

/// How often to check on the helper: nobody reports its own death.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// How often to retry putting a job back when the queue is full.
const SOON: Duration = Duration::from_millis(5);

/// From this size on a report is read in the queue: a copy of it would cost more
/// than what its room costs the workers meanwhile.
const LONG: Leave = Leave {
    from: 32 << 10,
    cut: false,
};

/// The threads, once the first task has started them.
pub(crate) struct Threads {
    started: OnceLock<Result<(), PoolError>>,
    calls: Mutex<Option<Receiver<Option<Call>>>>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    pub(crate) fn new(calls: Receiver<Option<Call>>) -> Self {
        Threads {
            started: OnceLock::new(),
            calls: Mutex::new(Some(calls)),
            handles: Mutex::new(Vec::new()),
        }
    }

    /// Starts the threads unless they are running.
    pub(crate) fn start<R>(&self, inner: &Arc<Inner<R>>) -> Result<(), PoolError>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let start = || self.spawn(inner);
        self.started.get_or_init(start).clone()
    }

    /// Whether they were started.
    pub(crate) fn run(&self) -> bool {
        matches!(self.started.get(), Some(Ok(())))
    }

    fn spawn<R>(&self, inner: &Arc<Inner<R>>) -> Result<(), PoolError>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let failed = |error: std::io::Error| PoolError::Threads(error.to_string());
        let calls = self
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        let make_calls = move || {
            let calls = calls.iter().flatten();
            for call in calls.map_while(|call| call) {
                caught(call);
            }
        };
        let callbacks = thread::Builder::new().name("pool-callbacks".to_string());
        handles.push(callbacks.spawn(make_calls).map_err(failed)?);
        let mut collector = Collector {
            inner: Arc::clone(inner),
            again: VecDeque::new(),
        };
        let thread = thread::Builder::new().name("pool-collector".to_string());
        match thread.spawn(move || collector.run()) {
            Ok(handle) => handles.push(handle),
            Err(error) => {
                inner.end_calls();
                return Err(failed(error));
            }
        }
        Ok(())
    }

    /// Waits for both to end: the collector when the queue of reports is closed,
    /// the callback thread after it.
    pub(crate) fn join<R: Send + 'static>(&self, inner: &Inner<R>) {
        let handles =
            std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        let join = |handle: JoinHandle<()>| {
            // A callback may have dropped the pool: this is its own thread then.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        };
        for (number, handle) in handles.into_iter().rev().enumerate() {
            if number > 0 {
                inner.end_calls();
            }
            join(handle);
        }
    }
}

struct Collector<R> {
    inner: Arc<Inner<R>>,
    /// Jobs to try again, in order, once there is room.
    again: VecDeque<JobNumber>,
}

impl<R: DeserializeOwned + Send + 'static> Collector<R> {
    fn run(&mut self) {
        let inner = Arc::clone(&self.inner);
        let mut bytes = Vec::new();
        loop {
            let tick = if self.again.is_empty() { TICK } else { SOON };
            let reports = &inner.reports;
            // A short report is taken out first, so that its room is free at once.
            // A long one is read where it is.
            match reports.get_unless_long(LONG, &mut bytes, Deadline::after(tick)) {
                // A result may panic when it is dropped: carry on.
                Ok(true) => caught(|| self.handle(&bytes[..])).unwrap_or_default(),
                Ok(false) => {
                    // Nobody else gets from this queue, so it is still there.
                    if let Ok(report) = reports.front(Deadline::after(tick)) {
                        caught(|| self.handle(report)).unwrap_or_default();
                    }
                }
                Err(Error::Empty) => self.look_after_helper(),
                Err(_) => return,
            }
            self.try_again();
        }
    }

    fn handle(&mut self, report: impl Deref<Target = [u8]>) {
        match decode_first(&report) {
            Ok((Report::Done { job, count, last }, _)) => self.done(
                JobNumber::from_ne_bytes(job),
                u32::from_ne_bytes(count),
                last,
                report,
            ),
            Ok((
                Report::Lost {
                    job,
                    progress,
                    death,
                },
                _,
            )) => self.lost(job, progress, death.into()),
            Ok((Report::GaveUp(cause), _)) => self.break_with(cause.into()),
            // The pool's start has read the only one there is.
            Ok((Report::Started | Report::NotStarted { .. }, _)) | Err(_) => {}
        }
    }

    fn done(&mut self, job: JobNumber, count: u32, last: bool, report: impl Deref<Target = [u8]>) {
        let bytes = &report[DONE_HEAD..];
        let mut table = self.inner.table();
        // Not there any more: the pool has failed, or another try of the job
        // was done first.
        let Some(pending) = table.pending.get_mut(&job) else {
            return;
        };
        let start = pending.first + pending.arrived.len() as u64;
        pending.bytes += bytes.len();
        drop(table);
        let mut results: Vec<_> = outcomes(bytes, count)
            .zip(start..)
            .map(|(outcome, task)| match outcome {
                TaskOutcome::Returned(result) => Ok(result),
                TaskOutcome::Panicked(message) => Err(TaskError::Panicked { task, message }),
                TaskOutcome::BadResult(reason) => Err(TaskError::BadResult { task, reason }),
                TaskOutcome::BadArgument(reason) => Err(TaskError::BadArgument { task, reason }),
            })
            .collect();
        // Its room is free again before anybody else's code learns of the results.
        drop(report);
        if last {
            if let Some(mut pending) = self.inner.remove(job) {
                if !pending.arrived.is_empty() {
                    pending.arrived.append(&mut results);
                    results = pending.arrived;
                }
                self.inner.deliver(pending.sink, results, pending.bytes);
            }
            return;
        }
        let mut table = self.inner.table();
        match table.pending.get_mut(&job) {
            Some(pending) => pending.arrived.extend(results),
            None => {
                drop(table);
                drop_each(results);
            }
        }
    }

    fn lost(&mut self, job: JobNumber, progress: u32, died: Died) {
        let mut table = self.inner.table();
        if let Some(pending) = table.pending.get_mut(&job)
            && let Some((left @ 1.., _)) = &mut pending.retry
        {
            *left -= 1;
            pending.bytes = 0;
            let arrived = std::mem::take(&mut pending.arrived);
            drop(table);
            self.again.push_back(job);
            drop_each(arrived);
            return;
        }
        drop(table);
        if let Some(pending) = self.inner.remove(job) {
            let task = pending.first + u64::from(progress);
            let error = TaskError::WorkerDied { task, died };
            self.inner.deliver_error(pending, &error);
        }
    }

    fn try_again(&mut self) {
        while let Some(job) = self.again.front() {
            let table = self.inner.table();
            let bytes = table
                .pending
                .get(job)
                .and_then(|pending| pending.retry.as_ref());
            // Never wait here: the workers may be waiting for the collector.
            if let Some((_, bytes)) = bytes
                && let Err(Error::Full) = self.inner.tasks.try_put_first(bytes)
            {
                return;
            }
            drop(table);
            self.again.pop_front();
        }
    }

    fn look_after_helper(&self) {
        if self.inner.table().ending {
            return;
        }
        // It may have reported why just before it ended: the queue comes first.
        let helper = &self.inner.helper;
        if let Ok(Some(status)) = helper.exit_status()
            && self.inner.reports.is_empty()
        {
            let (name, pid) = (helper.name().to_string(), helper.pid());
            self.break_with(PoolError::Helper(Died { name, pid, status }));
        }
    }

    fn break_with(&self, error: PoolError) {
        self.inner.fail_all(&error.into());
    }
}

impl From<Cause> for PoolError {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Initializer(death) => PoolError::Initializer(death.into()),
            Cause::Start(death) => PoolError::Start(death.into()),
            Cause::Fork(reason) => PoolError::Fork(reason),
        }
    }
}
