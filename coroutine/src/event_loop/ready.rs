//! Who is to be polled next.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use rustix::event::{EventfdFlags, eventfd};

use super::TaskId;

/// The tasks that were woken. A waker may be called in any thread, so this one
/// part of the loop has a lock.
#[derive(Debug)]
pub(super) struct Ready {
    state: Mutex<State>,
    /// Readable when a waker has rung it: what wakes the loop out of
    /// epoll_wait(2).
    pub(super) doorbell: OwnedFd,
}

#[derive(Debug, Default)]
struct State {
    tasks: Vec<TaskId>,
    asleep: bool,
}

impl Ready {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Ready {
            state: Mutex::default(),
            doorbell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: TaskId) {
        let mut state = self.state();
        state.tasks.push(task);
        if std::mem::take(&mut state.asleep) {
            // Cannot be full: it is rung once for each sleep.
            let _ = rustix::io::write(&self.doorbell, &1_u64.to_ne_bytes());
        }
    }

    /// All of them, in the order in which they were woken.
    pub(super) fn take(&self) -> Vec<TaskId> {
        let mut state = self.state();
        state.asleep = false;
        std::mem::take(&mut state.tasks)
    }

    /// Whether the loop may sleep: nobody is ready, and whoever becomes so
    /// from here on rings.
    pub(super) fn may_sleep(&self) -> bool {
        let mut state = self.state();
        state.asleep = state.tasks.is_empty();
        state.asleep
    }

    pub(super) fn silence(&self) {
        // It is there to be readable; its number tells nothing.
        let _ = rustix::io::read(&self.doorbell, &mut [0; 8]);
    }
}

/// What is behind a task's [`Waker`](std::task::Waker).
// ANCHOR: wakeup
#[derive(Debug)]
pub(super) struct Wakeup {
    task: TaskId,
    /// Woken and not yet polled: once in the list is enough.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.push(self.task);
        }
    }
}
// ANCHOR_END: wakeup

impl Wakeup {
    pub(super) fn new(task: TaskId, ready: &Arc<Ready>) -> Arc<Self> {
        Arc::new(Wakeup {
            task,
            queued: AtomicBool::new(false),
            ready: Arc::clone(ready),
        })
    }

    /// The task is about to look: what woke it so far is seen by it.
    pub(super) fn clear(&self) {
        self.queued.swap(false, Ordering::AcqRel);
    }
}
