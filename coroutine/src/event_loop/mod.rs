//! An event loop: one thread that runs many coroutines, each until it waits.
//!
//! An `async fn` is compiled to a state machine, a [`Future`]: `poll` runs it
//! to its next `await` and says [`Poll::Pending`], after it has left a
//! [`Waker`] with whatever it waits for. All that is missing is somebody who
//! polls, waits, and polls again those that were woken. That is this module:
//!
//! | file | what it is | asyncio's name for it |
//! | --- | --- | --- |
//! | `mod.rs` | the loop: poll who is ready, then wait for the first event | `asyncio.run`, `BaseEventLoop._run_once` |
//! | `task.rs` | a coroutine that runs beside the others; its join | `create_task`, `Task` |
//! | `ready.rs` | who is to be polled next, told by wakers | `loop._ready` |
//! | `timers.rs` | [`sleep`], [`timeout`] | `asyncio.sleep`, `asyncio.timeout` |
//! | `watched.rs` | descriptors: what to call when they are ready | `loop.add_reader`, `add_writer` |
//!
//! ```
//! use coroutine::event_loop::{run, spawn};
//!
//! let sum = run(async { spawn(async { 20 }).await.unwrap() + 1 })?;
//! assert_eq!(sum, 21);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What is not in it, and in tokio: several threads, a pool for blocking calls,
//! channels, files, signals, and ten years of other people's faults mended.

mod ready;
mod task;
#[cfg(test)]
mod tests;
mod timers;
mod watched;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ready::{Ready, Wakeup};
use timers::Timers;
use watched::Reactor;

pub use task::{NoResult, Task, spawn};
pub use timers::{Elapsed, Sleep, sleep, timeout};
pub use watched::Watched;

/// A number for each task, timer and descriptor of a loop, never used again: a
/// waker that outlives its task names nobody, and not a later task in its place.
type Id = u64;

/// The coroutine that `run` was called with.
const MAIN: Id = 0;

type Job = Pin<Box<dyn Future<Output = ()>>>;

/// In the order in which they began. `None` is the task that runs: its future is
/// in the hands of the loop.
type Jobs = BTreeMap<Id, Option<(Job, Arc<Wakeup>)>>;

/// What the loop and the futures in it share. It belongs to one thread, hence
/// cells and no locks.
struct Shared {
    ready: Ready,
    jobs: RefCell<Jobs>,
    timers: Timers,
    reactor: Reactor,
    last: Cell<Id>,
    /// The loop is being left: what is spawned now is dropped at once.
    closing: Cell<bool>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
}

/// Runs `main` to its end, and meanwhile whatever it [spawns](spawn). What is
/// still running then is dropped where it waits.
///
/// # Errors
///
/// When the system refuses an epoll descriptor, or to wait.
///
/// # Panics
///
/// When `main` does, and when a loop runs in this thread already.
// ANCHOR: run
pub fn run<T>(main: impl Future<Output = T>) -> io::Result<T> {
    let entered = Entered::new()?;
    let shared = &entered.0;
    let mut main = pin!(main);
    let wakeup = shared.ready.wakeup(MAIN);
    let waker = Waker::from(Arc::clone(&wakeup));
    waker.wake_by_ref();
    loop {
        let woken = shared.ready.take();
        // Also when somebody is ready, without waiting then: whoever never
        // pauses must not keep their events from the others.
        let time = if woken.is_empty() {
            shared.timers.left()
        } else {
            Some(Duration::ZERO)
        };
        shared.reactor.wait(time)?;
        shared.timers.fire();
        for id in woken {
            if id != MAIN {
                shared.poll_job(id);
                continue;
            }
            wakeup.clear();
            if let Poll::Ready(result) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(result);
            }
        }
    }
}
// ANCHOR_END: run

impl Shared {
    /// The loop that runs in this thread.
    #[track_caller]
    fn current() -> Rc<Shared> {
        let current = CURRENT.with_borrow(Clone::clone);
        current.expect("no event loop runs in this thread: call this inside `event_loop::run`")
    }

    fn number(&self) -> Id {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }

    // ANCHOR: poll_job
    fn poll_job(&self, id: Id) {
        // Taken out while it runs: it may spawn, and it may abort any task.
        let taken = self.jobs.borrow_mut().get_mut(&id).and_then(Option::take);
        let Some((mut job, wakeup)) = taken else {
            return; // a wake-up for a task that has ended
        };
        // Before the poll: a wake-up in the middle of it counts.
        wakeup.clear();
        let waker = Waker::from(Arc::clone(&wakeup));
        let poll = || job.as_mut().poll(&mut Context::from_waker(&waker));
        let polled = catch_unwind(AssertUnwindSafe(poll));
        if let (Ok(Poll::Pending), Some(place)) = (polled, self.jobs.borrow_mut().get_mut(&id)) {
            *place = Some((job, wakeup));
            return;
        }
        // It has ended, or panicked, or aborted itself.
        self.jobs.borrow_mut().remove(&id);
        discard(job);
    }
    // ANCHOR_END: poll_job
}

/// Drops a task's future. A destructor in it that panics has said so on
/// standard error; it must not take the loop and all other tasks along.
fn discard(job: Job) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
}

/// Makes a loop the current one, and cleans up, also when `main` panics.
struct Entered(Rc<Shared>);

impl Entered {
    fn new() -> io::Result<Self> {
        let running = CURRENT.with_borrow(Option::is_some);
        assert!(!running, "an event loop runs in this thread already");
        let ready = Ready::new()?;
        let shared = Rc::new(Shared {
            reactor: Reactor::new(&ready.doorbell)?,
            ready,
            jobs: RefCell::default(),
            timers: Timers::default(),
            last: Cell::new(MAIN),
            closing: Cell::new(false),
        });
        CURRENT.set(Some(Rc::clone(&shared)));
        Ok(Entered(shared))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.closing.set(true);
        let jobs = self.0.jobs.take().into_values().flatten();
        jobs.for_each(|(job, _)| discard(job));
        CURRENT.set(None);
    }
}
