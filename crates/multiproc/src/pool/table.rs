//! What the program's threads and the pool's share: the jobs that are not done.

use std::collections::HashMap;
use std::io::{PipeWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::process::{Owner, Process};
use crate::queue::Error;
use crate::queue::process::Ring;
use serde::de::DeserializeOwned;

use crate::pool::async_result::Slot;
use crate::pool::collector::Threads;
use crate::pool::error::{PoolError, TaskError};
use crate::pool::message::{JobNumber, begin_job};

/// How long the helper has to end its workers and itself.
const GRACE: Duration = Duration::from_secs(5);

/// What became of the tasks of a job, in order.
pub(crate) type Results<R> = Vec<Result<R, TaskError>>;

/// What a caller wants to be done with a result or an error.
pub(crate) type Callback<T> = Box<dyn FnOnce(&T) + Send>;

/// Where a job's results go.
pub(crate) enum Sink<R> {
    One(Arc<Slot<Result<R, TaskError>>>),
    Call(Box<Call<R>>),
    Many(Box<dyn FnOnce(Results<R>) + Send>),
}

/// Where the result of a task with callbacks goes.
pub(crate) struct Call<R> {
    pub(crate) slot: Arc<Slot<Result<R, TaskError>>>,
    pub(crate) callback: Option<Callback<R>>,
    pub(crate) error_callback: Option<Callback<TaskError>>,
}

/// A job that is not done.
pub(crate) struct Pending<R> {
    pub(crate) sink: Sink<R>,
    /// The number of its first task, and how many it has.
    pub(crate) first: u64,
    pub(crate) count: u32,
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
    pub(crate) threads: Threads,
}

pub(crate) struct Inner<R> {
    pub(crate) tasks: Ring,
    pub(crate) replies: Ring,
    pub(crate) helper: Process,
    /// The process that made the pool. A copy in a child of it must not end the
    /// workers, nor take results that are not its own.
    owner: Owner,
    stop: Mutex<PipeWriter>,
    pub(crate) workers: usize,
    retries: u32,
    next: AtomicU64,
    table: Mutex<Table<R>>,
    /// Signalled when `pending` becomes empty.
    pub(crate) idle: Condvar,
}

impl<R> Inner<R> {
    pub(crate) fn new(
        tasks: Ring,
        replies: Ring,
        helper: Process,
        stop: PipeWriter,
        workers: usize,
        retries: u32,
    ) -> Self {
        Inner {
            tasks,
            replies,
            helper,
            owner: Owner::this_process(),
            stop: Mutex::new(stop),
            workers,
            retries,
            next: AtomicU64::new(0),
            table: Mutex::new(Table {
                pending: HashMap::new(),
                broken: None,
                ending: false,
                threads: Threads::default(),
            }),
            idle: Condvar::new(),
        }
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table<R>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process made the pool.
    pub(crate) fn is_ours(&self) -> bool {
        self.owner.is_current()
    }

    /// Has the helper end the workers and itself.
    pub(crate) fn stop(&self) {
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        // It may be gone already.
        let _ = stop.write_all(&[0]);
        drop(stop);
        if !matches!(self.helper.join_timeout(GRACE), Ok(Some(_))) {
            let _ = self.helper.kill();
            let _ = self.helper.join();
        }
    }
}

impl<R: DeserializeOwned + Send + 'static> Inner<R> {
    /// Adds a job of `count` tasks, whose first is number `first` (or that of
    /// the job), and gives that number. What goes wrong goes to `sink`.
    pub(crate) fn submit(
        self: &Arc<Self>,
        first: Option<u64>,
        count: u32,
        sink: Sink<R>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> u64 {
        let job = self.next.fetch_add(1, Ordering::Relaxed);
        let first = first.unwrap_or(job);
        let mut bytes = Vec::with_capacity(64);
        begin_job(&mut bytes, job, count);
        let written = write(&mut bytes);

        let mut table = self.table();
        if !self.is_ours() {
            table.broken = Some(
                PoolError::Foreign(self.owner.pid().as_raw_nonzero().get().cast_unsigned()).into(),
            );
        } else if table.broken.is_none() {
            table.broken = Threads::start(&mut table.threads, self).err();
        }
        let retry = (self.retries > 0).then(|| (self.retries, bytes.clone()));
        table.pending.insert(
            job,
            Pending {
                sink,
                first,
                count,
                retry,
            },
        );
        let broken = table.broken.clone();
        drop(table);

        let put = match broken {
            Some(error) => Err(error),
            None => written
                .and_then(|()| self.tasks.put(&bytes, Deadline::NEVER))
                .map_err(|error| match error {
                    // Whoever closed the queue has the reason.
                    Error::Closed => self.table().broken.clone().unwrap_or(TaskError::Terminated),
                    error => TaskError::BadArgument {
                        task: first,
                        reason: match count {
                            1 => error.to_string(),
                            _ => format!("in a chunk of {count}: {error}"),
                        },
                    },
                }),
        };
        if let Err(error) = put {
            self.fail(job, &error);
        }
        first
    }
}
