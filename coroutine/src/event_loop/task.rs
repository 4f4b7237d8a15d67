//! A coroutine that runs beside the others, and its join.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use thiserror::Error;

use super::ready::Wakeup;
use super::{Shared, TaskId, discard};

/// Why a task has no result.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// It was [aborted](Task::abort), or the loop ended before it did.
    #[error("the task was cancelled")]
    Cancelled,
    /// It panicked, with this message. The other tasks go on.
    #[error("the task panicked: {0}")]
    Panicked(String),
    /// The result was taken before.
    #[error("the result was taken already")]
    Taken,
}

/// A task that was [spawned](spawn). Awaiting it joins it; dropping it lets the
/// task go on alone.
#[must_use = "a task that nobody joins is dropped at the loop's end, wherever it is"]
pub struct Task<T> {
    id: TaskId,
    shared: Rc<Shared>,
    slot: Rc<Slot<T>>,
}

/// Starts a coroutine that runs beside the caller, from the caller's next
/// `await` on.
///
/// # Panics
///
/// Outside of a running loop.
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + 'static,
{
    let shared = Shared::current();
    let id = shared.last.get() + 1;
    shared.last.set(id);
    let slot = Rc::new(Slot::default());
    let running = Box::pin(Running {
        future: Box::pin(future),
        slot: Rc::clone(&slot),
    });
    if shared.closing.get() {
        discard(running);
    } else {
        let wakeup = Wakeup::new(id, &shared.ready);
        let first = Arc::clone(&wakeup);
        shared.jobs.borrow_mut().insert(id, (running, wakeup));
        first.wake();
    }
    Task { id, shared, slot }
}

impl<T> Task<T> {
    /// Ends the task where it waits: its future is dropped, and with it what it
    /// holds. A task that has ended is left alone.
    pub fn abort(&self) {
        self.shared.abort(self.id);
    }

    /// Whether it has ended, well or not.
    pub fn is_finished(&self) -> bool {
        self.slot.ended.get()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = &self.slot;
        if !slot.ended.get() {
            slot.joiner.replace(Some(context.waker().clone()));
            return Poll::Pending;
        }
        Poll::Ready(slot.result.take().unwrap_or(Err(JoinError::Taken)))
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// Where a task leaves its result.
struct Slot<T> {
    ended: Cell<bool>,
    result: RefCell<Option<Result<T, JoinError>>>,
    joiner: RefCell<Option<Waker>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot {
            ended: Cell::new(false),
            result: RefCell::new(None),
            joiner: RefCell::new(None),
        }
    }
}

impl<T> Slot<T> {
    fn fill(&self, result: Result<T, JoinError>) {
        if self.ended.replace(true) {
            return;
        }
        self.result.replace(Some(result));
        if let Some(joiner) = self.joiner.take() {
            joiner.wake();
        }
    }
}

/// The future of a task, with its end caught: by return, by panic, by drop.
struct Running<F: Future> {
    future: Pin<Box<F>>,
    slot: Rc<Slot<F::Output>>,
}

impl<F: Future> Future for Running<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(panic) => Err(JoinError::Panicked(message(panic))),
        };
        self.slot.fill(result);
        Poll::Ready(())
    }
}

impl<F: Future> Drop for Running<F> {
    fn drop(&mut self) {
        // Has no effect on one that has ended by itself.
        self.slot.fill(Err(JoinError::Cancelled));
    }
}

fn message(panic: Box<dyn Any + Send>) -> String {
    let text = match panic.downcast::<String>() {
        Ok(text) => return *text,
        Err(panic) => panic.downcast_ref::<&str>().map(ToString::to_string),
    };
    text.unwrap_or_else(|| "no message".to_string())
}
