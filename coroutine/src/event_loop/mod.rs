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
//! | `watched.rs` | descriptors: readable, writable | `loop.add_reader`, `add_writer` |
//!
//! ```
//! use std::time::Duration;
//! use coroutine::event_loop::{run, sleep, spawn};
//!
//! let sum = run(async {
//!     let task = spawn(async {
//!         sleep(Duration::from_millis(2)).await;
//!         20
//!     });
//!     sleep(Duration::from_millis(1)).await;
//!     task.await.expect("it neither panics nor is cancelled") + 1
//! })?;
//! assert_eq!(sum, 21);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What is not in it, and in tokio: several threads, a pool for blocking calls,
//! channels, files, signals, and ten years of other people's faults mended.

mod ready;
mod task;
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
use std::time::Instant;

use ready::{Ready, Wakeup};
use timers::Timers;
use watched::Reactor;

pub use task::{JoinError, Task, spawn};
pub use timers::{Elapsed, Sleep, sleep, timeout};
pub use watched::Watched;

/// A number for each task, never used again: a waker that outlives its task
/// names nobody, and not a later task in its place.
type TaskId = u64;

/// The coroutine that `run` was called with.
const MAIN: TaskId = 0;

type Job = Pin<Box<dyn Future<Output = ()>>>;

/// How often a coroutine may find its descriptors ready before the others get
/// their turn: a client that sends without a pause must not starve them.
const TURNS: u32 = 64;

/// What the loop and the futures in it share. It belongs to one thread, hence
/// cells and no locks; only [`Ready`] is reached from others.
struct Shared {
    ready: Arc<Ready>,
    jobs: RefCell<BTreeMap<TaskId, (Job, Arc<Wakeup>)>>,
    last: Cell<TaskId>,
    running: Cell<TaskId>,
    /// The running task has cancelled itself: it is dropped once it waits.
    abort_running: Cell<bool>,
    turns: Cell<u32>,
    /// The loop is being left: what is spawned now is dropped at once.
    closing: Cell<bool>,
    timers: Timers,
    reactor: Reactor,
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
    let wakeup = Wakeup::new(MAIN, &shared.ready);
    let waker = Waker::from(Arc::clone(&wakeup));
    waker.wake_by_ref();
    loop {
        for id in shared.ready.take() {
            if id != MAIN {
                shared.poll_job(id);
                continue;
            }
            shared.begin(MAIN, &wakeup);
            if let Poll::Ready(result) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(result);
            }
        }
        // Also when somebody is ready again, without waiting then: whoever
        // never pauses must not keep their events from the others.
        shared.reactor.wait(&shared.ready, shared.timers.first())?;
        shared.timers.fire(Instant::now());
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

    fn begin(&self, id: TaskId, wakeup: &Wakeup) {
        self.running.set(id);
        self.turns.set(TURNS);
        // Before the poll: a wake-up in the middle of it counts.
        wakeup.clear();
    }

    // ANCHOR: poll_job
    fn poll_job(&self, id: TaskId) {
        // Taken out while it runs: it may spawn, and it may cancel others.
        let Some((mut job, wakeup)) = self.jobs.borrow_mut().remove(&id) else {
            return; // a wake-up for a task that has ended
        };
        self.begin(id, &wakeup);
        let waker = Waker::from(Arc::clone(&wakeup));
        let polled = job.as_mut().poll(&mut Context::from_waker(&waker));
        self.running.set(MAIN);
        let aborted = self.abort_running.take();
        if polled.is_ready() || aborted {
            discard(job);
        } else {
            self.jobs.borrow_mut().insert(id, (job, wakeup));
        }
    }
    // ANCHOR_END: poll_job

    fn abort(&self, id: TaskId) {
        if self.running.get() == id {
            self.abort_running.set(true);
            return;
        }
        let removed = self.jobs.borrow_mut().remove(&id);
        if let Some((job, _)) = removed {
            discard(job);
        }
    }

    /// Whether the running coroutine may go on; if not, it is polled again
    /// after the others.
    fn may_go_on(&self, context: &Context<'_>) -> Poll<()> {
        match self.turns.get().checked_sub(1) {
            Some(left) => {
                self.turns.set(left);
                Poll::Ready(())
            }
            None => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
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
        let ready = Arc::new(Ready::new()?);
        let shared = Rc::new(Shared {
            reactor: Reactor::new(&ready)?,
            ready,
            jobs: RefCell::default(),
            last: Cell::new(MAIN),
            running: Cell::new(MAIN),
            abort_running: Cell::new(false),
            turns: Cell::new(0),
            closing: Cell::new(false),
            timers: Timers::default(),
        });
        CURRENT.set(Some(Rc::clone(&shared)));
        Ok(Entered(shared))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.closing.set(true);
        let jobs = self.0.jobs.take();
        jobs.into_values().for_each(|(job, _)| discard(job));
        CURRENT.set(None);
    }
}
