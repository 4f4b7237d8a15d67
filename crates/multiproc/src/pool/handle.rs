//! The pool as its user sees it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{encode, with_scratch};
use crate::pool::builder::PoolBuilder;
use crate::pool::chunks::{Chunk, Chunks, too_many};
use crate::pool::error::{PoolError, StartError, TaskError};
use crate::pool::inner::{Callback, Callbacks, Inner, Sink};
use crate::pool::message::JOB_HEAD;
use crate::pool::result::{AsyncResult, Promise};
use crate::pool::threads::Threads;
use crate::process::{Died, ExitStatus};

/// A fixed number of worker processes that run one function on many arguments.
///
/// Dropping it [terminates](Self::terminate) it. Threads may share it. A copy in
/// a child of this process, however that was forked, refuses tasks
/// ([`PoolError::Foreign`]) and ends nothing when it is dropped.
///
/// ```
/// use multiproc::pool::Pool;
///
/// let pool = Pool::new(4, |text: String| text.len())?;
/// let length = pool.apply_async("hello".to_string());
/// assert_eq!(length.get()?, 5);
/// pool.close().join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pool<A, R: Send + 'static> {
    owner: PoolOwner<R>,
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
    ///
    /// # Errors
    ///
    /// [`StartError`]: this process has threads, or the system refuses. No
    /// process is left then.
    pub fn new(workers: usize, task: impl Fn(A) -> R) -> Result<Self, StartError> {
        PoolBuilder::new().workers(workers).build(task)
    }

    pub(crate) fn of(inner: Inner<R>, threads: Threads) -> Self {
        Pool {
            owner: PoolOwner {
                inner: Arc::new(inner),
                threads,
            },
            _argument: PhantomData,
        }
    }

    /// How many workers the pool has.
    pub fn workers(&self) -> usize {
        self.owner.inner.workers
    }

    /// Runs one task and waits for its result.
    ///
    /// # Errors
    ///
    /// [`TaskError`]: the task has failed, or the pool has.
    pub fn apply(&self, argument: A) -> Result<R, TaskError> {
        self.apply_async(argument).get()
    }

    /// Adds one task, and returns without waiting for its result. It does wait
    /// for room: tasks that no worker has taken yet stand in a bounded queue.
    pub fn apply_async(&self, argument: A) -> AsyncResult<R> {
        self.task(argument).submit()
    }

    /// One task, to which callbacks can be added before it is
    /// [submitted](Task::submit).
    pub fn task(&self, argument: A) -> Task<'_, A, R> {
        Task {
            pool: self,
            argument,
            callback: None,
            error_callback: None,
        }
    }

    /// Closes the pool to new tasks. [Join](Closed::join) what is left.
    pub fn close(self) -> Closed<R> {
        Closed { owner: self.owner }
    }

    /// Ends and reaps the workers at once, with whatever processes their tasks
    /// have started. Every task that is not done fails with
    /// [`TaskError::Terminated`].
    pub fn terminate(self) {
        drop(self);
    }

    /// A handle that can stop the pool from another thread, such as the one that
    /// handles signals.
    pub fn terminator(&self) -> Terminator<R> {
        Terminator(Arc::clone(&self.owner.inner))
    }

    /// Cuts `input` into chunks that fit in this pool's queue.
    pub(crate) fn chunks<I: Iterator<Item = A>>(&self, input: I, size: usize) -> Chunks<I> {
        Chunks::new(input, size, self.owner.inner.tasks.largest())
    }

    /// Gives back the chunk's memory, for the next one.
    pub(crate) fn submit_chunk(&self, mut chunk: Chunk, sink: Sink<R>) -> Vec<u8> {
        let inner = &self.owner.inner;
        match self.start_threads() {
            Ok(()) => {
                let tasks = (chunk.first, chunk.count);
                inner.submit(inner.number(), tasks, &mut chunk.bytes, sink);
            }
            Err(error) => refuse(sink, chunk.count, &error.into()),
        }
        chunk.bytes
    }

    /// Called with each task, so the first one starts them. Until then the
    /// process has one thread, and can fork another pool.
    fn start_threads(&self) -> Result<(), PoolError> {
        let PoolOwner { inner, threads } = &self.owner;
        if inner.owner.is_surely_other() {
            // The locks in `inner` may have been held when the fork copied them.
            return Err(inner.foreign());
        }
        threads.start(inner)
    }
}

/// Fails tasks that were never submitted.
fn refuse<R: Send + 'static>(sink: Sink<R>, count: u32, error: &TaskError) {
    let errors = (0..count).map(|_| Err(error.clone()));
    sink.deliver(errors.collect(), 0, |call| call());
}

impl<A, R: Send + 'static> fmt::Debug for Pool<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owner.inner.describe("Pool", f)
    }
}

/// A task with optional callbacks, like Python's
/// `apply_async(..., callback=f, error_callback=g)`.
///
/// ```
/// # use multiproc::pool::Pool;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// let result = pool
///     .task(12)
///     .callback(|square| println!("{square}"))
///     .error_callback(|error| eprintln!("{error}"))
///     .submit();
/// assert_eq!(result.get()?, 144);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Calls `callback` with the result if the task succeeds: in this process,
    /// on the pool's callback thread, one callback at a time. Only then can the
    /// result be got.
    pub fn callback(mut self, callback: impl FnOnce(&R) + Send + 'static) -> Self {
        self.callback = Some(Box::new(callback));
        self
    }

    /// Like [`callback`](Self::callback), if the task fails.
    pub fn error_callback(mut self, callback: impl FnOnce(&TaskError) + Send + 'static) -> Self {
        self.error_callback = Some(Box::new(callback));
        self
    }

    /// Adds the task to the pool. See [`Pool::apply_async`].
    pub fn submit(self) -> AsyncResult<R> {
        let promise = Promise::new();
        let filled = Arc::clone(&promise);
        let sink = match (self.callback, self.error_callback) {
            (None, None) => Sink::One(filled),
            (callback, error_callback) => Sink::Callbacks(Box::new(Callbacks {
                promise: filled,
                callback,
                error_callback,
            })),
        };
        let started = self.pool.start_threads();
        let inner = &self.pool.owner.inner;
        let number = inner.number();
        let reason = |reason| TaskError::BadArgument {
            task: number,
            reason,
        };
        with_scratch(|bytes| {
            bytes.resize(JOB_HEAD, 0);
            let (encoded, largest) = (encode(&self.argument, bytes), inner.tasks.largest());
            match (started, encoded) {
                (Err(error), _) => refuse(sink, 1, &error.into()),
                (_, Err(error)) => inner.fail_unsent(sink, reason(error.to_string())),
                (_, Ok(())) if bytes.len() > largest => {
                    let text = too_many(bytes.len() - JOB_HEAD, largest - JOB_HEAD);
                    inner.fail_unsent(sink, reason(text));
                }
                _ => inner.submit(number, (number, 1), bytes, sink),
            }
        });
        AsyncResult { promise, number }
    }
}

impl<A, R: Send + 'static> fmt::Debug for Task<'_, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

/// A pool that takes no more tasks.
///
/// Dropping it terminates the pool: join it.
///
/// ```
/// # use multiproc::pool::Pool;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// let result = pool.apply_async(12);
/// let closed = pool.close();
/// closed.join()?; // returns when the task is done
/// assert_eq!(result.get()?, 144);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a closed pool ends its workers: join it"]
pub struct Closed<R: Send + 'static> {
    owner: PoolOwner<R>,
}

impl<R: Send + 'static> Closed<R> {
    /// Waits until every task is done, its callback included, and every worker
    /// has ended and is reaped. Tasks that fail are no error here. What tasks
    /// started and did not wait for goes on.
    ///
    /// # Errors
    ///
    /// [`PoolError`] if the pool as a whole failed.
    pub fn join(self) -> Result<(), PoolError> {
        let PoolOwner { inner, threads } = &self.owner;
        if !inner.owner.is_current() {
            return Err(inner.foreign());
        }
        inner.wait_idle().ending = true;
        // The workers find the queue empty and end; then the helper does.
        inner.tasks.close();
        let ended = inner.helper.join();
        // The collector reads the last reports before it ends.
        inner.reports.close();
        if threads.run() {
            threads.join(inner);
        } else {
            inner.hear_last_reports();
        }
        if let Some(TaskError::Broken(error)) = &inner.table().broken {
            return Err(error.clone());
        }
        match ended {
            Ok(ExitStatus::Code(0)) | Err(_) => Ok(()),
            Ok(status) => Err(PoolError::Helper(Died {
                name: inner.helper.name().to_string(),
                pid: inner.helper.pid(),
                status,
            })),
        }
    }

    /// See [`Pool::terminate`].
    pub fn terminate(self) {
        drop(self);
    }
}

impl<R: Send + 'static> fmt::Debug for Closed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owner.inner.describe("Closed", f)
    }
}

/// Stops a pool from another thread, for a program that is about to exit.
///
/// ```no_run
/// // (not run: it waits for somebody to press Enter)
/// # use multiproc::pool::Pool;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// let terminator = pool.terminator();
/// std::thread::spawn(move || {
///     let _ = std::io::stdin().read_line(&mut String::new());
///     terminator.abandon();
///     std::process::exit(130);
/// });
/// pool.map(0..1_000_000, None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Terminator<R>(Arc<Inner<R>>);

impl<R> Terminator<R> {
    /// Ends and reaps the workers, for a program that is about to exit. Tasks
    /// that are not done get no error, which somebody might still print.
    pub fn abandon(&self) {
        if self.0.owner.is_current() {
            self.0.table().ending = true;
            self.0.stop();
        }
    }
}

impl<R> fmt::Debug for Terminator<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe("Terminator", f)
    }
}

/// The only owner: dropping it ends the pool.
struct PoolOwner<R: Send + 'static> {
    inner: Arc<Inner<R>>,
    threads: Threads,
}

impl<R: Send + 'static> Drop for PoolOwner<R> {
    fn drop(&mut self) {
        let PoolOwner { inner, threads } = self;
        if !inner.owner.is_current() {
            return;
        }
        inner.table().ending = true;
        inner.stop();
        inner.fail_all(&TaskError::Terminated);
        inner.reports.close();
        threads.join(inner);
    }
}
