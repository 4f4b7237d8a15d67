//! A child process that runs a closure: `multiprocessing.Process`.
//!
//! ```
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
//!   `fork` copies only the calling thread. A lock that another thread holds at
//!   that moment, such as standard output's, stays locked in the child for ever. A
//!   process that holds a [`shared`](crate::shared) lock is refused as well
//!   ([`SpawnError::LockHeld`]).
//! - **Standard output is flushed first**, or parent and child would both
//!   print what was in the buffer.
//! - **The child ends in `_exit`** on every path, even a panic or
//!   `std::process::exit`, so no destructor or exit handler of the parent runs a
//!   second time in the child.
//! - **The kernel kills the child when its parent dies** (`PR_SET_PDEATHSIG`,
//!   prctl(2)), whatever the cause: no orphan goes on working for nobody. The
//!   kernel cancels this when the child changes its credentials (setuid(2)), so
//!   call [`die_with_parent`] afterwards. It also sends the signal only if the
//!   parent may signal the child, so a parent should give up its privileges
//!   before it starts children that keep theirs.
//! - **Signals start afresh**: default actions and an empty mask. A handler
//!   inherited from the parent would run in the wrong process. The one exception
//!   is `SIGPIPE`, which stays ignored, as in any Rust program: writing to a
//!   closed pipe is an error, not a death. (Rust's report of a stack overflow is
//!   such a handler, so a child whose stack overflows is just killed by
//!   `SIGSEGV`.)
//! - **The parent waits on a pidfd** (pidfd_open(2)), which always means this
//!   child, never a later process with the same pid.

#[cfg(feature = "tokio")]
mod aio;
mod builder;
mod error;
mod fork;
mod hand_over;
mod owner;
mod parent;
mod signals;
mod status;
mod threads;
mod unreaped;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::deadline::Deadline;

pub use builder::Builder;
pub(crate) use builder::spawn_another;
pub use error::SpawnError;
pub use fork::{die_of_sigpipe, die_with_parent, exit_now, in_child};
pub(crate) use hand_over::handing_over;
pub(crate) use owner::Owner;
pub(crate) use signals::reap_children_again;
pub use status::{Died, ExitStatus, JoinError, Outcome};
pub use threads::count as thread_count;

/// How long a dropped child has to act on `SIGTERM` before `SIGKILL` follows.
const GRACE: Duration = Duration::from_secs(1);

/// A child process.
///
/// Dropping the handle of a child that nobody joined ends the child (`SIGTERM`,
/// and `SIGKILL` a second later) and reaps it, so that none is left running or
/// as a zombie. All methods take `&self` and may be called from several threads.
///
/// A copy of the handle in a child of this process does nothing when it is
/// dropped, however that child was forked.
///
/// A process that has given up its privileges (setuid(2)) may not signal a
/// child that has kept them. Dropping the handle of such a child waits a second
/// for it to end, and otherwise leaves it to be reaped by a later spawn or drop.
///
/// ```
/// use std::time::Duration;
///
/// use multiproc::process::{ExitStatus, Process};
///
/// let child = Process::spawn("sleeper", || {
///     std::thread::sleep(Duration::from_secs(60));
/// })?;
/// if child.join_timeout(Duration::from_millis(10))?.is_none() {
///     child.terminate()?;
/// }
/// assert_eq!(child.join()?, ExitStatus::Signal(15)); // SIGTERM
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Process {
    name: Cow<'static, str>,
    pid: Pid,
    pidfd: OwnedFd,
    /// Set once, by whichever thread reaps the child.
    status: Mutex<Option<ExitStatus>>,
    /// The process that forked the child. A copy of this handle in another child
    /// must neither reap it nor end it.
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

    /// The handle of a child that this process has just forked.
    fn started(name: Cow<'static, str>, pid: Pid, pidfd: OwnedFd) -> Self {
        Process {
            name,
            pid,
            pidfd,
            status: Mutex::new(None),
            owner: Owner::this_process(),
        }
    }

    /// The name given to `spawn`. `ps` shows its first 15 bytes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process identifier.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Waits until the child has ended, reaps it, and returns how it ended.
    /// Calling it again returns the same.
    ///
    /// # Errors
    ///
    /// If somebody else has reaped the child, or this is a copy of the handle in
    /// another process.
    pub fn join(&self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.wait(Deadline::NEVER)? {
                return Ok(status);
            }
        }
    }

    /// Like [`join`](Self::join), but returns `None` if the child is still alive
    /// after `timeout`. It does nothing to the child.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn join_timeout(&self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        self.wait(Deadline::after(timeout))
    }

    /// Joins, and returns an error unless the child exited with status 0.
    ///
    /// # Errors
    ///
    /// [`JoinError::Died`] with how it ended; [`JoinError::Wait`] when it
    /// cannot be waited for.
    pub fn join_success(&self) -> Result<(), JoinError> {
        match self.join()? {
            ExitStatus::Code(0) => Ok(()),
            status => Err(JoinError::Died(Died {
                name: self.name.to_string(),
                pid: self.pid(),
                status,
            })),
        }
    }

    /// Whether the child is still running. If it has ended, it is reaped.
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

    /// Asks the child to end (`SIGTERM`). If it has ended already, nothing
    /// happens: the pidfd cannot mean another process.
    ///
    /// # Errors
    ///
    /// If this process has changed its credentials and may not signal the child
    /// any more (kill(2)).
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Kills the child at once (`SIGKILL`), which it cannot prevent.
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
        // Wait without the lock and reap under it, so that several threads can
        // wait at once.
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
            // Another thread has reaped it and has the status; or it is not a
            // child of this process, and reaping it reports that.
            Ok(_) | Err(rustix::io::Errno::CHILD) => Ok(true),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the child, gently at first, and reaps it; returns whether that
    /// worked.
    fn end(&self) -> io::Result<bool> {
        let ended = |status: Option<ExitStatus>| status.is_some();
        if ended(self.exit_status()?) {
            return Ok(true);
        }
        let refused = |signaled: io::Result<()>| {
            signaled.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        // A child that this process may not signal may still end by itself.
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

/// The pidfd, which becomes readable when the child ends, so that it can be
/// waited for together with other descriptors. Python's `Process.sentinel`.
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

/// Waits until `fd` is readable (or has hung up); returns false if the deadline
/// comes first. A signal does not cut the wait short.
///
/// # Errors
///
/// Those of poll(2), for instance when the kernel has no memory.
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
