//! A child process that runs a closure: `multiprocessing.Process`.
//!
//! ```no_run
//! // (not run: a doc test is a process with several threads, and such a
//! // process is refused)
//! use multiproc::process::{ExitStatus, Process};
//!
//! let child = Process::spawn("greeter", || println!("hello from a child"))?;
//! assert_eq!(child.join()?, ExitStatus::Code(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is done for each child, and why:
//!
//! - **A process with several threads is refused** ([`SpawnError::MultiThreaded`]).
//!   `fork` copies the calling thread alone; a lock that another thread holds
//!   at that moment, the allocator's for one, stays locked in the child for
//!   ever. So is a process that holds a [`shared`](crate::shared) lock
//!   ([`SpawnError::LockHeld`]).
//! - **Standard output is flushed first**, or parent and child would both
//!   print what was in the buffer.
//! - **The child ends in `_exit`** on every path, panics and
//!   `std::process::exit` included, so no destructor and no exit handler of
//!   the parent runs a second time in the child.
//! - **The kernel kills the child when its parent dies** (`PR_SET_PDEATHSIG`,
//!   prctl(2)), by whatever cause: no orphan goes on working for nobody.
//! - **Signals start afresh**: default actions and an empty mask. A handler
//!   inherited from the parent would run here, in the wrong process. One
//!   exception, as Rust's runtime has it: `SIGPIPE` stays ignored, so that
//!   writing to a closed pipe is an error and not a death. (Rust's report of a
//!   stack overflow is such a handler too: a child whose stack overflows is
//!   killed by `SIGSEGV`.)
//! - **The parent waits on a pidfd** (pidfd_open(2)), which names this child
//!   and no later process that happens to get its number.

mod fork;
mod status;
mod threads;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions};
use thiserror::Error;

use crate::deadline::Deadline;

pub use fork::{die_of_sigpipe, exit_now, generation, in_child};
pub use status::{Died, ExitStatus, JoinError, Outcome};
pub use threads::count as thread_count;

/// How long a dropped child has to obey `SIGTERM` before `SIGKILL` follows.
const GRACE: Duration = Duration::from_secs(1);

/// Why a child could not be started.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// The process has several threads, and forking it is unsafe.
    ///
    /// Join threads by their handles: `std::thread::scope` by itself waits for
    /// their closures only, and they may be there for a moment longer.
    #[error(
        "cannot fork: this process has {threads} threads, and a fork copies only one; \
         start processes and pools before threads"
    )]
    MultiThreaded {
        /// How many there are.
        threads: usize,
    },
    /// This process holds a lock in shared memory, which the child would
    /// believe to hold too.
    #[error("cannot fork while holding a shared lock: release it first")]
    LockHeld,
    /// The system refused: `EAGAIN` is the limit on processes, `EMFILE` the
    /// one on descriptors, `ENOMEM` memory.
    #[error("cannot start a process")]
    System(#[from] io::Error),
}

/// A child process.
///
/// Dropping the handle of a child that nobody joined ends the child
/// (`SIGTERM`, and `SIGKILL` a second later) and reaps it: none is left behind,
/// neither running nor as a zombie. All methods take `&self` and may be called
/// from several threads.
pub struct Process {
    name: String,
    pid: Pid,
    pidfd: OwnedFd,
    /// Filled in by whoever reaps the child, once.
    status: Mutex<Option<ExitStatus>>,
    /// The process that forked the child. A copy of this handle in another
    /// child must not reap or end it.
    owner: Pid,
}

impl Process {
    /// Forks a child that runs `body` and ends. See [`Builder::spawn`].
    pub fn spawn<R: Outcome>(
        name: impl Into<String>,
        body: impl FnOnce() -> R,
    ) -> Result<Process, SpawnError> {
        Builder::new(name).spawn(body)
    }

    /// The name given at the start. `ps` shows its first 15 bytes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process identifier.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Waits until the child has ended, reaps it, and says how it ended. May
    /// be called again: the answer stays.
    pub fn join(&self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.wait(Deadline::NEVER)? {
                return Ok(status);
            }
        }
    }

    /// Like [`join`](Self::join), for at most `timeout`; `None` when the child
    /// is still alive then. The child is left alone.
    pub fn join_timeout(&self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        self.wait(Deadline::after(timeout))
    }

    /// Joins, and makes an error of any ending but exit status 0.
    ///
    /// # Errors
    ///
    /// [`JoinError::Died`] with how it ended; [`JoinError::Wait`] when it
    /// cannot be waited for.
    pub fn join_success(&self) -> Result<(), JoinError> {
        match self.join()? {
            ExitStatus::Code(0) => Ok(()),
            status => Err(JoinError::Died(Died {
                name: self.name.clone(),
                pid: self.pid(),
                status,
            })),
        }
    }

    /// Whether the child has not ended yet. One that has is reaped.
    pub fn is_alive(&self) -> io::Result<bool> {
        Ok(self.exit_status()?.is_none())
    }

    /// How the child ended, or `None` while it runs.
    pub fn exit_status(&self) -> io::Result<Option<ExitStatus>> {
        self.wait(Deadline::after(Duration::ZERO))
    }

    /// Asks the child to end (`SIGTERM`). Nothing happens when it has ended
    /// already: the pidfd cannot name another process.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends the child at once (`SIGKILL`); it cannot refuse.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match rustix::process::pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn wait(&self, deadline: Deadline) -> io::Result<Option<ExitStatus>> {
        let known = || *self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = known() {
            return Ok(Some(status));
        }
        // Wait first and reap after, so that several threads can wait and the
        // one that reaps holds the lock for a moment only.
        if !self.wait_end(deadline)? {
            return Ok(None);
        }
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.is_none() {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            let ended = rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), options)?;
            *status = ended.map(|ended| match ended.exit_status() {
                Some(code) => ExitStatus::Code(code),
                None => ExitStatus::Signal(ended.terminating_signal().unwrap_or(0)),
            });
        }
        Ok(*status)
    }

    /// Waits for the child's end without reaping it.
    fn wait_end(&self, deadline: Deadline) -> io::Result<bool> {
        if deadline.remaining().is_some() {
            return wait_readable(self.pidfd.as_fd(), deadline);
        }
        // Without a deadline: a little faster than `poll`.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        match rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), options) {
            // Reaped by another thread meanwhile, which has the status; or not
            // our child at all, and then the reaping says so.
            Ok(_) | Err(rustix::io::Errno::CHILD) => Ok(true),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the child and reaps it, patiently at first.
    fn end(&self) -> io::Result<()> {
        if self.exit_status()?.is_none() {
            self.terminate()?;
            if self.join_timeout(GRACE)?.is_none() {
                self.kill()?;
                self.join()?;
            }
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if rustix::process::getpid() == self.owner {
            // Nothing can be done about an error here.
            let _ = self.end();
        }
    }
}

/// The pidfd: readable once the child has ended, so that it can be waited for
/// among other descriptors. Python's `Process.sentinel`.
impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

/// How a child is to start, where [`Process::spawn`] is not enough.
#[derive(Debug)]
pub struct Builder {
    name: String,
    ignore_interrupt: bool,
    close: Vec<RawFd>,
}

impl Builder {
    /// A child called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Builder {
            name: name.into(),
            ignore_interrupt: false,
            close: Vec::new(),
        }
    }

    /// The child ignores `SIGINT`. Ctrl-C reaches every process of the
    /// terminal's foreground group; a child whose parent sees to the end of
    /// both must not die of it first.
    pub fn ignore_interrupt(mut self) -> Self {
        self.ignore_interrupt = true;
        self
    }

    /// Closes `fd` in the child, the parent's end of a pipe for one. A child
    /// that keeps the other end of its own pipe open waits for an end of file
    /// that never comes. Do not use the descriptor in the child's closure.
    pub fn close_in_child(mut self, fd: &impl AsFd) -> Self {
        self.close.push(fd.as_fd().as_raw_fd());
        self
    }

    /// Forks a child that runs `body` and ends with the exit status that its
    /// result stands for: 0 for `()` and `Ok`, 1 for an error, which is said
    /// on standard error, 101 for a panic, as for any Rust program.
    ///
    /// `body` may borrow: the child has its own copy of all that the parent
    /// has. What is *moved* into it is dropped in the parent when this
    /// returns, so a pipe's end that only the child needs is closed here by
    /// moving it there. The child's copies of everything else are never
    /// dropped.
    pub fn spawn<R: Outcome>(self, body: impl FnOnce() -> R) -> Result<Process, SpawnError> {
        let pid = fork::fork(&self, body)?;
        let pidfd = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                // Without a pidfd nobody could wait for the child: take it back.
                // Its number is safe to use, since it is not reaped yet.
                let _ = rustix::process::kill_process(pid, Signal::KILL);
                let _ = rustix::io::retry_on_intr(|| {
                    rustix::process::waitpid(Some(pid), WaitOptions::empty())
                });
                return Err(SpawnError::System(error.into()));
            }
        };
        Ok(Process {
            name: self.name,
            pid,
            pidfd,
            status: Mutex::new(None),
            owner: rustix::process::getpid(),
        })
    }
}

/// Waits until `fd` is readable (or has hung up); false when the deadline
/// came first. A signal does not cut the wait short.
pub fn wait_readable(fd: BorrowedFd<'_>, deadline: Deadline) -> io::Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    loop {
        let timeout = deadline
            .remaining()
            .and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) if deadline.is_past() => return Ok(false),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}
