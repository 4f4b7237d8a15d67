//! Who is to be polled next.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Wake;
use std::thread::{self, ThreadId};

use rustix::event::{EventfdFlags, eventfd};

use super::Id;

/// The tasks that were woken, in that order: a channel, since a waker may be
/// called in any thread.
pub(super) struct Ready {
    woken: Receiver<Id>,
    wake: Sender<Id>,
    /// Readable when another thread has rung it: that wakes the loop out of
    /// epoll_wait(2).
    pub(super) doorbell: Arc<OwnedFd>,
}

/// What is behind a task's [`Waker`](std::task::Waker).
// ANCHOR: wakeup
pub(super) struct Wakeup {
    task: Id,
    /// Woken and not yet polled: once in the list is enough.
    queued: AtomicBool,
    ready: Sender<Id>,
    doorbell: Arc<OwnedFd>,
    thread: ThreadId,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        // An error: the loop has ended, and the task with it.
        let sent = self.ready.send(self.task);
        if sent.is_ok() && self.thread != thread::current().id() {
            // Full only if it was rung very often, and then it is readable.
            let _ = rustix::io::write(&self.doorbell, &1_u64.to_ne_bytes());
        }
    }
}
// ANCHOR_END: wakeup

impl Wakeup {
    /// The task is about to look: what woke it so far is seen by it.
    pub(super) fn clear(&self) {
        self.queued.swap(false, Ordering::AcqRel);
    }
}

impl Ready {
    pub(super) fn new() -> std::io::Result<Self> {
        let (wake, woken) = channel();
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let doorbell = Arc::new(eventfd(0, flags)?);
        Ok(Ready {
            woken,
            wake,
            doorbell,
        })
    }

    pub(super) fn wakeup(&self, task: Id) -> Arc<Wakeup> {
        Arc::new(Wakeup {
            task,
            queued: AtomicBool::new(false),
            ready: self.wake.clone(),
            doorbell: Arc::clone(&self.doorbell),
            thread: thread::current().id(),
        })
    }

    pub(super) fn take(&self) -> Vec<Id> {
        self.woken.try_iter().collect()
    }
}
