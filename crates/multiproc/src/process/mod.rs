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
//!   prctl(2)), by whatever cause: no orphan goes on working for nobody. The
//!   kernel forgets it when the child changes its credentials (setuid(2)):
//!   call [`die_with_parent`] after that. And it asks whether the parent may
//!   signal the child, so a parent that gives up its privileges does it before
//!   it starts children that keep theirs.
//! - **Signals start afresh**: default actions and an empty mask. A handler
//!   inherited from the parent would run here, in the wrong process. One
//!   exception, as Rust's runtime has it: `SIGPIPE` stays ignored, so that
//!   writing to a closed pipe is an error and not a death. (Rust's report of a
//!   stack overflow is such a handler too: a child whose stack overflows is
//!   killed by `SIGSEGV`.)
//! - **The parent waits on a pidfd** (pidfd_open(2)), which names this child
//!   and no later process that happens to get its number.

#[cfg(feature = "tokio")]
mod aio;
mod builder;
mod error;
mod fork;
mod owner;
mod parent;
mod status;
mod threads;
mod unreaped;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::deadline::Deadline;

pub use builder::Builder;
pub use error::SpawnError;
pub use fork::{die_of_sigpipe, die_with_parent, exit_now, in_child};
pub(crate) use owner::Owner;
pub use status::{Died, ExitStatus, JoinError, Outcome};
pub use threads::count as thread_count;

/// How long a dropped child has to obey `SIGTERM` before `SIGKILL` follows.
const GRACE: Duration = Duration::from_secs(1);

/// A child process.
///
/// Dropping the handle of a child that nobody joined ends the child
/// (`SIGTERM`, and `SIGKILL` a second later) and reaps it: none is left behind,
/// neither running nor as a zombie. All methods take `&self` and may be called
/// from several threads.
///
/// A copy of the handle in another process, a child of this one, does nothing
/// when it is dropped, whatever kind of fork made that child.
///
/// A process that has given up its privileges (setuid(2)) may not signal a
/// child that has kept them. Dropping the handle of such a child waits a second
/// for it to end, and leaves it to be reaped by a later spawn or drop.
pub struct Process {
    name: String,
    pid: Pid,
    pidfd: OwnedFd,
    /// Filled in by whoever reaps the child, once.
    status: Mutex<Option<ExitStatus>>,
    /// The process that forked the child. A copy of this handle in another
    /// child must not reap or end it.
    owner: Owner,
}

impl Process {
    /// Forks a child that runs `body` and ends. See [`Builder::spawn`].
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
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
    ///
    /// # Errors
    ///
    /// When somebody else has reaped the child, or this is a copy of the handle in
    /// another process.
    pub fn join(&self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.wait(Deadline::NEVER)? {
                return Ok(status);
            }
        }
    }

    /// Like [`join`](Self::join), for at most `timeout`; `None` when the child
    /// is still alive then. The child is left alone.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
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
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn is_alive(&self) -> io::Result<bool> {
        Ok(self.exit_status()?.is_none())
    }

    /// How the child ended, or `None` while it runs.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn exit_status(&self) -> io::Result<Option<ExitStatus>> {
        self.wait(Deadline::after(Duration::ZERO))
    }

    /// Asks the child to end (`SIGTERM`). Nothing happens when it has ended
    /// already: the pidfd cannot name another process.
    ///
    /// # Errors
    ///
    /// When this process may not signal the child (kill(2)): it has other
    /// credentials now.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends the child at once (`SIGKILL`); it cannot refuse.
    ///
    /// # Errors
    ///
    /// As [`terminate`](Self::terminate).
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

    /// Ends the child and reaps it, patiently at first; whether that worked.
    fn end(&self) -> io::Result<bool> {
        let ended = |status: Option<ExitStatus>| status.is_some();
        if ended(self.exit_status()?) {
            return Ok(true);
        }
        let refused = |signaled: io::Result<()>| {
            signaled.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        // One that may not be ended may end by itself.
        let _ = self.terminate();
        if ended(self.join_timeout(GRACE)?) {
            return Ok(true);
        }
        if refused(self.kill()) {
            return self.exit_status().map(ended);
        }
        self.join().map(|_| true)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.owner.is_current() {
            return;
        }
        unreaped::reap();
        if !matches!(self.end(), Ok(true))
            && let Ok(pidfd) = self.pidfd.try_clone()
        {
            unreaped::add(pidfd);
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

/// Waits until `fd` is readable (or has hung up); false when the deadline
/// came first. A signal does not cut the wait short.
///
/// # Errors
///
/// As poll(2): when there is no memory in the kernel.
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
