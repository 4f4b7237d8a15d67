//! A coroutine that runs beside the others, and its join.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use thiserror::Error;

use super::{Id, Shared, discard};

/// A task ended without a result: it was [aborted](Task::abort) or panicked,
/// the loop ended before it did, or its result was taken before.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the task was cancelled, or it panicked")]
pub struct NoResult;

/// A task that was [spawned](spawn). Awaiting it joins it; dropping it lets the
/// task go on alone.
#[must_use = "a task that nobody joins is dropped at the loop's end, wherever it is"]
pub struct Task<T> {
    id: Id,
    shared: Rc<Shared>,
    slot: Rc<Slot<T>>,
}

/// Where a task leaves its result.
struct Slot<T> {
    ended: Cell<bool>,
    result: Cell<Option<T>>,
    joiner: Cell<Option<Waker>>,
}

/// Tells the joiner when it is dropped: at the task's end, whatever that is.
struct End<T>(Rc<Slot<T>>);

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        self.0.ended.set(true);
        self.0.joiner.take().into_iter().for_each(Waker::wake);
    }
}

/// Starts a coroutine that runs beside the caller, from the caller's next
/// `await` on.
///
/// # Panics
///
/// Outside of a running loop.
// ANCHOR: spawn
#[track_caller]
pub fn spawn<F: Future + 'static>(future: F) -> Task<F::Output> {
    let shared = Shared::current();
    let id = shared.number();
    let slot = Rc::new(Slot {
        ended: Cell::new(false),
        result: Cell::new(None),
        joiner: Cell::new(None),
    });
    let end = End(Rc::clone(&slot));
    let job = Box::pin(async move {
        let result = future.await;
        end.0.result.set(Some(result));
    });
    if shared.closing.get() {
        discard(job);
    } else {
        let wakeup = shared.ready.wakeup(id);
        let waiting = Some((job as _, Arc::clone(&wakeup)));
        shared.jobs.borrow_mut().insert(id, waiting);
        wakeup.wake();
    }
    Task { id, shared, slot }
}
// ANCHOR_END: spawn

impl<T> Task<T> {
    /// Ends the task where it waits: its future is dropped, and with it what it
    /// holds. A task that has ended is left alone.
    pub fn abort(&self) {
        let removed = self.shared.jobs.borrow_mut().remove(&self.id);
        // One that aborts itself is dropped when it next waits.
        if let Some(Some((job, _))) = removed {
            discard(job);
        }
    }

    /// Whether it has ended, well or not.
    pub fn is_finished(&self) -> bool {
        self.slot.ended.get()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, NoResult>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_finished() {
            return Poll::Ready(self.slot.result.take().ok_or(NoResult));
        }
        self.slot.joiner.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task {{ finished: {} }}", self.is_finished())
    }
}
