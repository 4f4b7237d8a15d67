//! The result of one task, which may not be there yet:
//! `multiprocessing.pool.AsyncResult`.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::deadline::Deadline;

use crate::pool::error::TaskError;

/// Where the collector leaves a value, and others wait for it.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

enum State<T> {
    /// With whoever awaits the value.
    Empty(Option<Waker>),
    Full(T),
    Taken,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Slot {
            state: Mutex::new(State::Empty(None)),
            filled: Condvar::new(),
        })
    }

    pub(crate) fn fill(&self, value: T) {
        let before = std::mem::replace(&mut *self.lock(), State::Full(value));
        self.filled.notify_all();
        // Outside the lock: a waker may be anybody's code.
        if let State::Empty(Some(waker)) = before {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is filled; the guard says whether it is.
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

    /// Whether it is filled, or was.
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

    pub(crate) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        match &*self.lock() {
            State::Full(value) => Some(look(value)),
            _ => None,
        }
    }
}

/// The result of a task that may still be running. Dropping it forgets the
/// result, not the task.
pub struct AsyncResult<R> {
    pub(crate) slot: Arc<Slot<Result<R, TaskError>>>,
    pub(crate) number: u64,
}

impl<R> AsyncResult<R> {
    /// The task's number, as its errors name it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Waits for the result and takes it.
    pub fn get(self) -> Result<R, TaskError> {
        self.slot.take(Deadline::NEVER)?
    }

    /// Like [`get`](Self::get), but [`TaskError::Timeout`] when there is none
    /// within `timeout`; ask again then. Once it was taken, it is
    /// [`TaskError::Taken`].
    pub fn get_timeout(&self, timeout: Duration) -> Result<R, TaskError> {
        self.slot.take(Deadline::after(timeout))?
    }

    /// Waits for the result for at most `timeout`, without taking it; whether
    /// it is there.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.slot.is_filled(Deadline::after(timeout))
    }

    /// Whether the task has ended, well or not.
    pub fn ready(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Whether the task has ended well; `None` while it has not ended, and
    /// after the result was taken.
    pub fn successful(&self) -> Option<bool> {
        self.slot.peek(Result::is_ok)
    }
}

/// Awaits the result and takes it, in any event loop.
///
/// Cancel-safe: `(&mut result).await` that is dropped before the end has taken
/// nothing, and can be awaited again.
impl<R> Future for AsyncResult<R> {
    type Output = Result<R, TaskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.slot.poll_take(context).map(|taken| taken?)
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
