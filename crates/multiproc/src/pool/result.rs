//! The result of one task, ready or not: `multiprocessing.pool.AsyncResult`.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::pool::caught::{caught, drop_each};
use crate::pool::error::TaskError;

/// The results of a job's tasks, in order.
pub(crate) type Results<R> = Vec<Result<R, TaskError>>;

/// A place where the collector leaves results and others wait for them.
pub(crate) struct Promise<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

enum State<T> {
    /// Not filled yet; with the waker of whoever awaits the value.
    Empty(Option<Waker>),
    Full(T),
    Taken,
}

impl<T> Promise<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Promise {
            state: Mutex::new(State::Empty(None)),
            filled: Condvar::new(),
        })
    }

    /// Stores `value`, or drops it with `discard` if nobody wants it any more.
    pub(crate) fn fill(self: Arc<Self>, value: T, discard: impl FnOnce(T)) {
        let before = std::mem::replace(&mut *self.lock(), State::Full(value));
        // Outside the lock: the waker runs somebody else's code.
        if let State::Empty(Some(waker)) = before {
            caught(|| waker.wake());
        }
        self.filled.notify_all();
        // The other side may be gone, perhaps since a moment ago.
        if let Some(unwanted) = Arc::into_inner(self)
            && let Ok(State::Full(value)) = unwanted.state.into_inner()
        {
            discard(value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is filled, or until `deadline`: see the guard for which.
    fn wait(&self, deadline: Deadline) -> MutexGuard<'_, State<T>> {
        let mut state = self.lock();
        while matches!(*state, State::Empty(_)) {
            state = match deadline.remaining() {
                None => self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let woken = self.filled.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state
    }

    /// Waits, and returns whether a value was ever stored.
    pub(crate) fn is_filled(&self, deadline: Deadline) -> bool {
        !matches!(*self.wait(deadline), State::Empty(_))
    }

    pub(crate) fn take(&self, deadline: Deadline) -> Result<T, TaskError> {
        let mut state = self.wait(deadline);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Full(value) => Ok(value),
            State::Taken => Err(TaskError::Taken),
            empty @ State::Empty(_) => {
                *state = empty;
                Err(TaskError::Timeout)
            }
        }
    }

    fn poll_take(&self, context: &Context<'_>) -> Poll<Result<T, TaskError>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Full(value) => Poll::Ready(Ok(value)),
            State::Taken => Poll::Ready(Err(TaskError::Taken)),
            State::Empty(_) => {
                *state = State::Empty(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }

    pub(crate) fn peek<U>(&self, look: impl FnOnce(&T) -> U) -> Option<U> {
        match &*self.lock() {
            State::Full(value) => Some(look(value)),
            _ => None,
        }
    }
}

impl<R> Promise<Result<R, TaskError>> {
    pub(crate) fn fill_one(self: Arc<Self>, result: Result<R, TaskError>) {
        self.fill(result, |result| drop_each([result]));
    }
}

impl<R> Promise<Results<R>> {
    pub(crate) fn fill_many(self: Arc<Self>, results: Results<R>) {
        self.fill(results, drop_each);
    }
}

impl<R> Promise<(Results<R>, usize)> {
    /// Results, and how many bytes they take.
    pub(crate) fn fill_landed(self: Arc<Self>, landed: (Results<R>, usize)) {
        self.fill(landed, |(results, _)| drop_each(results));
    }
}

/// The result of a task that may still be running. Dropping it forgets the
/// result, not the task.
///
/// ```
/// # use multiproc::pool::Pool;
/// # use std::time::Duration;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// let square = pool.apply_async(12);
/// while !square.wait(Duration::from_secs(1)) {
///     println!("still waiting");
/// }
/// assert_eq!(square.get()?, 144);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsyncResult<R> {
    pub(crate) promise: Arc<Promise<Result<R, TaskError>>>,
    pub(crate) number: u64,
}

impl<R> AsyncResult<R> {
    /// The task's number, as its errors name it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Waits for the result and takes it.
    ///
    /// # Errors
    ///
    /// [`TaskError`]: the task has failed, or its pool has.
    pub fn get(self) -> Result<R, TaskError> {
        self.promise.take(Deadline::NEVER)?
    }

    /// Like [`get`](Self::get), within `timeout`.
    ///
    /// # Errors
    ///
    /// [`TaskError::Timeout`] when there is none yet: ask again.
    /// [`TaskError::Taken`] once it was taken; and those of `get`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<R, TaskError> {
        self.promise.take(Deadline::after(timeout))?
    }

    /// Waits for the result for at most `timeout`, without taking it; returns
    /// whether it is there.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.promise.is_filled(Deadline::after(timeout))
    }

    /// Whether the task has ended, with a result or an error.
    pub fn ready(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Whether the task has succeeded; `None` while it has not ended, and after
    /// the result was taken.
    pub fn successful(&self) -> Option<bool> {
        self.promise.peek(Result::is_ok)
    }
}

/// Awaits the result and takes it, in any event loop.
///
/// Cancel-safe: dropping `(&mut result).await` before its end takes nothing, and
/// the result can be awaited again.
impl<R> Future for AsyncResult<R> {
    type Output = Result<R, TaskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.promise.poll_take(context).map(|taken| taken?)
    }
}

impl<R> std::fmt::Debug for AsyncResult<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncResult")
            .field("number", &self.number)
            .field("ready", &self.ready())
            .finish_non_exhaustive()
    }
}
