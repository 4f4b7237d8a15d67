//! The pool's threads in the program: one hands out results, one calls
//! callbacks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::codec::decode_first;
use crate::deadline::Deadline;
use crate::process::Died;
use crate::queue::Error;
use crossbeam_channel::{Receiver, SendError, Sender, unbounded};
use serde::de::DeserializeOwned;

use crate::pool::error::{PoolError, TaskError};
use crate::pool::message::{JobNumber, Outcome, Reply, outcomes};
use crate::pool::table::{Call, Inner, Pending, Sink};

/// How soon the death of the helper itself, which nobody reports, is noticed.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// How soon to try again to put a job for another try, when there is no room.
const SOON: Duration = Duration::from_millis(5);

type Callback = Box<dyn FnOnce() + Send>;

/// The threads, once the first task has started them.
#[derive(Default)]
pub(crate) struct Threads {
    handles: Vec<JoinHandle<()>>,
    callbacks: Option<Sender<Callback>>,
}

impl Threads {
    /// Starts the threads unless they run.
    pub(crate) fn start<R>(threads: &mut Threads, inner: &Arc<Inner<R>>) -> Result<(), TaskError>
    where
        R: DeserializeOwned + Send + 'static,
    {
        if threads.callbacks.is_some() {
            return Ok(());
        }
        let failed = |error: std::io::Error| PoolError::Threads(error.to_string());
        let (sender, receiver): (_, Receiver<Callback>) = unbounded();
        let caller = thread::Builder::new()
            .name("pool-callbacks".to_string())
            .spawn(move || receiver.iter().for_each(|callback| callback()))
            .map_err(failed)?;
        threads.handles.push(caller);
        let (inner, callbacks) = (Arc::clone(inner), sender.clone());
        let collector = thread::Builder::new()
            .name("pool-collector".to_string())
            .spawn(move || {
                Collector {
                    inner,
                    callbacks,
                    again: VecDeque::new(),
                }
                .run()
            })
            .map_err(failed)?;
        threads.handles.push(collector);
        threads.callbacks = Some(sender);
        Ok(())
    }

    /// Waits for their ends: the collector's comes when the reply queue is
    /// closed, the other's when nobody can send it callbacks.
    pub(crate) fn join(mut self) {
        self.callbacks = None;
        for handle in self.handles.into_iter().rev() {
            // A callback may have dropped the pool.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        }
    }
}

struct Collector<R> {
    inner: Arc<Inner<R>>,
    callbacks: Sender<Callback>,
    /// Jobs to be tried again, for which there was no room yet.
    again: VecDeque<JobNumber>,
}

impl<R: DeserializeOwned + Send + 'static> Collector<R> {
    fn run(mut self) {
        let mut bytes = Vec::new();
        loop {
            let tick = if self.again.is_empty() { TICK } else { SOON };
            match self.inner.replies.get(&mut bytes, Deadline::after(tick)) {
                Ok(()) => self.handle(&bytes),
                Err(Error::Empty) => self.look_after_helper(),
                Err(_) => return,
            }
            self.try_again();
        }
    }

    fn handle(&mut self, bytes: &[u8]) {
        match decode_first(bytes) {
            Ok((Reply::Done { job, count }, rest)) => self.done(job, count, rest),
            Ok((Reply::TooLarge { job, reason }, _)) => {
                if let Some(pending) = self.inner.remove(job) {
                    let task = pending.first;
                    self.deliver_error(pending, &TaskError::BadResult { task, reason });
                }
            }
            Ok((
                Reply::Lost {
                    job,
                    progress,
                    death,
                },
                _,
            )) => self.lost(job, progress, death.into()),
            Ok((Reply::Hopeless { death }, _)) => {
                self.break_with(PoolError::Initializer(death.into()))
            }
            // The pool's start read the first of these; there is no second.
            Ok((Reply::Started | Reply::NotStarted { .. }, _)) | Err(_) => {}
        }
    }

    fn done(&mut self, job: JobNumber, count: u32, bytes: &[u8]) {
        // Lost before, tried again, and done twice: once is enough.
        let Some(Pending { sink, first, .. }) = self.inner.remove(job) else {
            return;
        };
        let mut results =
            outcomes(bytes, count)
                .zip(first..)
                .map(|(outcome, task)| match outcome {
                    Outcome::Returned(result) => Ok(result),
                    Outcome::Panicked(message) => Err(TaskError::Panicked { task, message }),
                    Outcome::BadResult(reason) => Err(TaskError::BadResult { task, reason }),
                    Outcome::BadArgument(reason) => Err(TaskError::BadArgument { task, reason }),
                });
        match sink {
            Sink::Many(deliver) => deliver(results.collect()),
            Sink::One(slot) => results.for_each(|result| slot.fill(result)),
            Sink::Call(call) => {
                if let Some(result) = results.next() {
                    self.call(*call, result);
                }
            }
        }
    }

    fn call(&self, call: Call<R>, result: Result<R, TaskError>) {
        // The receiver lives as long as this thread.
        let _ = self
            .callbacks
            .send(Box::new(move || run_callbacks(call, result)));
    }

    fn lost(&mut self, job: JobNumber, progress: u32, died: Died) {
        let mut table = self.inner.table();
        if let Some(pending) = table.pending.get_mut(&job)
            && let Some((left @ 1.., _)) = &mut pending.retry
        {
            *left -= 1;
            self.again.push_back(job);
            return;
        }
        drop(table);
        if let Some(pending) = self.inner.remove(job) {
            let task = pending.first + u64::from(progress);
            self.deliver_error(pending, &TaskError::WorkerDied { task, died });
        }
    }

    fn try_again(&mut self) {
        while let Some(job) = self.again.front() {
            let table = self.inner.table();
            let bytes = table
                .pending
                .get(job)
                .and_then(|pending| pending.retry.as_ref());
            // Never waits here: the workers may be waiting for us.
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
        // It may have said why between our last look at the queue and its end.
        if let Ok(Some(status)) = self.inner.helper.exit_status()
            && self.inner.replies.is_empty()
        {
            let (name, pid) = (
                self.inner.helper.name().to_string(),
                self.inner.helper.pid(),
            );
            self.break_with(PoolError::Helper(Died { name, pid, status }));
        }
    }

    fn break_with(&self, error: PoolError) {
        let mut table = self.inner.table();
        if table.ending || table.broken.is_some() {
            return;
        }
        table.broken = Some(error.clone().into());
        drop(table);
        self.inner.fail_all(error.into());
    }

    fn deliver_error(&self, pending: Pending<R>, error: &TaskError) {
        self.inner.deliver_error(pending, error);
    }
}

impl<R: Send + 'static> Inner<R> {
    /// Takes a job off the table.
    fn remove(&self, job: JobNumber) -> Option<Pending<R>> {
        let mut table = self.table();
        let pending = table.pending.remove(&job);
        if table.pending.is_empty() {
            self.idle.notify_all();
        }
        pending
    }

    /// Gives one job an error.
    pub(crate) fn fail(&self, job: JobNumber, error: &TaskError) {
        if let Some(pending) = self.remove(job) {
            self.deliver_error(pending, error);
        }
    }

    /// Gives all jobs an error, and refuses further ones.
    pub(crate) fn fail_all(&self, error: TaskError) {
        let mut table = self.table();
        table.broken.get_or_insert(error.clone());
        let jobs = std::mem::take(&mut table.pending);
        drop(table);
        // Wakes who waits for room.
        self.tasks.close();
        for pending in jobs.into_values() {
            self.deliver_error(pending, &error);
        }
        self.idle.notify_all();
    }

    fn deliver_error(&self, pending: Pending<R>, error: &TaskError) {
        match pending.sink {
            Sink::One(slot) => slot.fill(Err(error.clone())),
            Sink::Call(call) => self.call(*call, Err(error.clone())),
            Sink::Many(deliver) => {
                deliver((0..pending.count).map(|_| Err(error.clone())).collect());
            }
        }
    }

    /// Has the callback thread call; this one, where that could not be started.
    fn call(&self, call: Call<R>, result: Result<R, TaskError>) {
        let callbacks = self.table().threads.callbacks.clone();
        let run: Callback = Box::new(move || run_callbacks(call, result));
        let sent = match callbacks {
            Some(callbacks) => callbacks.send(run),
            None => Err(SendError(run)),
        };
        if let Err(SendError(run)) = sent {
            run();
        }
    }
}

fn run_callbacks<R>(call: Call<R>, result: Result<R, TaskError>) {
    // A callback that panics has said so on standard error; the result is as
    // good as before, and the next callback's turn comes.
    let _ = catch_unwind(AssertUnwindSafe(|| match &result {
        Ok(value) => {
            if let Some(callback) = call.callback {
                callback(value);
            }
        }
        Err(error) => {
            if let Some(callback) = call.error_callback {
                callback(error);
            }
        }
    }));
    call.slot.fill(result);
}
