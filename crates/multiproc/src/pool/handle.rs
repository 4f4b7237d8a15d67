//! The pool as its user sees it.

use std::marker::PhantomData;
use std::sync::{Arc, PoisonError};

use crate::codec::encode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pool::async_result::{AsyncResult, Slot};
use crate::pool::builder::Builder;
use crate::pool::error::{PoolError, StartError, TaskError};
use crate::pool::table::{Call, Callback, Inner, Sink};

/// A fixed number of worker processes that run one function on many arguments.
///
/// Dropping it [terminates](Self::terminate) it. It may be shared by threads.
pub struct Pool<A, R: Send + 'static> {
    owner: Owner<R>,
    _argument: PhantomData<fn(A)>,
}

impl<A, R> Pool<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    /// A pool of `workers` processes that run `task`: any closure, since the
    /// workers are forked here and have a copy of all that it captures. Only
    /// arguments and results are serialised.
    pub fn new(workers: usize, task: impl Fn(A) -> R) -> Result<Self, StartError> {
        Builder::new().workers(workers).build(task)
    }

    pub(crate) fn of(inner: Inner<R>) -> Self {
        Pool {
            owner: Owner(Arc::new(inner)),
            _argument: PhantomData,
        }
    }

    /// How many workers the pool has.
    pub fn workers(&self) -> usize {
        self.inner().workers
    }

    /// Runs one task and waits for its result.
    pub fn apply(&self, argument: A) -> Result<R, TaskError> {
        self.apply_async(argument).get()
    }

    /// Adds one task. Returns at once, or when there is room: tasks that no
    /// worker has taken wait in a queue of bounded size.
    pub fn apply_async(&self, argument: A) -> AsyncResult<R> {
        self.task(argument).submit()
    }

    /// One task, to be given callbacks and [submitted](Task::submit).
    pub fn task(&self, argument: A) -> Task<'_, A, R> {
        Task {
            pool: self,
            argument,
            callback: None,
            error_callback: None,
        }
    }

    /// Nothing more will be added.
    pub fn close(self) -> Closed<R> {
        Closed { owner: self.owner }
    }

    /// Ends the workers at once, reaps them, and gives every task that is not
    /// done [`TaskError::Terminated`].
    pub fn terminate(self) {
        drop(self);
    }

    /// A handle that can stop the pool from another thread, a signal handler's
    /// for one.
    pub fn terminator(&self) -> Terminator<R> {
        Terminator(Arc::clone(self.inner()))
    }

    pub(crate) fn inner(&self) -> &Arc<Inner<R>> {
        &self.owner.0
    }
}

/// A task with optional callbacks, as Python's
/// `apply_async(..., callback=f, error_callback=g)`.
#[must_use = "a task is not added before `submit`"]
pub struct Task<'p, A, R: Send + 'static> {
    pool: &'p Pool<A, R>,
    argument: A,
    callback: Option<Callback<R>>,
    error_callback: Option<Callback<TaskError>>,
}

impl<A, R> Task<'_, A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    /// Is called with the result when the task has ended well: in this
    /// process, on the pool's callback thread, one callback at a time, before
    /// the result can be got.
    pub fn callback(mut self, callback: impl FnOnce(&R) + Send + 'static) -> Self {
        self.callback = Some(Box::new(callback));
        self
    }

    /// Likewise, when the task has failed.
    pub fn error_callback(mut self, callback: impl FnOnce(&TaskError) + Send + 'static) -> Self {
        self.error_callback = Some(Box::new(callback));
        self
    }

    /// Adds the task to the pool. See [`Pool::apply_async`].
    pub fn submit(self) -> AsyncResult<R> {
        let slot = Slot::new();
        let sink = match (self.callback, self.error_callback) {
            (None, None) => Sink::One(Arc::clone(&slot)),
            (callback, error_callback) => Sink::Call(Box::new(Call {
                slot: Arc::clone(&slot),
                callback,
                error_callback,
            })),
        };
        let inner = self.pool.inner();
        let number = inner.submit(None, 1, sink, |bytes| Ok(encode(&self.argument, bytes)?));
        AsyncResult { slot, number }
    }
}

/// A pool to which nothing can be added any more.
///
/// Dropping it terminates the pool: join it.
#[must_use = "dropping a closed pool ends its workers: join it"]
pub struct Closed<R: Send + 'static> {
    owner: Owner<R>,
}

impl<R: Send + 'static> Closed<R> {
    /// Waits until every task is done, its callback included, and every worker
    /// has ended and is reaped. Failed tasks are no failure of this.
    pub fn join(self) -> Result<(), PoolError> {
        let inner = &self.owner.0;
        let mut table = inner.table();
        while !table.pending.is_empty() {
            table = inner
                .idle
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
        }
        table.ending = true;
        let outcome = match &table.broken {
            Some(TaskError::Broken(error)) => Err(error.clone()),
            _ => Ok(()),
        };
        drop(table);
        // The workers find nothing and end; the helper when all have.
        inner.tasks.close();
        if outcome.is_ok() {
            let _ = inner.helper.join();
        }
        outcome
    }

    /// See [`Pool::terminate`].
    pub fn terminate(self) {
        drop(self);
    }
}

/// Stops a pool from another thread.
pub struct Terminator<R>(Arc<Inner<R>>);

impl<R> Terminator<R> {
    /// Ends the workers and reaps them, for a program that is about to exit:
    /// tasks that are not done stay so, without an error that somebody might
    /// still print.
    pub fn abandon(&self) {
        self.0.table().ending = true;
        self.0.stop();
    }
}

/// The one whose drop ends the pool.
struct Owner<R: Send + 'static>(Arc<Inner<R>>);

impl<R: Send + 'static> Drop for Owner<R> {
    fn drop(&mut self) {
        let inner = &self.0;
        if !inner.is_ours() {
            return;
        }
        inner.table().ending = true;
        inner.stop();
        inner.fail_all(TaskError::Terminated);
        inner.replies.close();
        let threads = std::mem::take(&mut inner.table().threads);
        threads.join();
    }
}
