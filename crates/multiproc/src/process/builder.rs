//! How to start a child.

use std::borrow::Cow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::{Outcome, Process, SpawnError, fork, unreaped};
use crate::connection::{Connection, pipe};

/// Options for starting a child, where [`Process::spawn`] is not enough.
///
/// ```
/// use multiproc::process::Builder;
///
/// let (child, mut connection) =
///     Builder::new("adder").spawn_with_connection(|mut connection| {
///         let (a, b): (i64, i64) = connection.recv()?;
///         connection.send(&(a + b))
///     })?;
/// connection.send(&(3_i64, 4_i64))?;
/// assert_eq!(connection.recv::<i64>()?, 7);
/// child.join_success()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Builder<'fd> {
    name: String,
    ignore_interrupt: bool,
    close: Vec<BorrowedFd<'fd>>,
}

impl<'fd> Builder<'fd> {
    /// A child called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Builder {
            name: name.into(),
            ignore_interrupt: false,
            close: Vec::new(),
        }
    }

    /// Makes the child ignore `SIGINT`. Ctrl-C reaches every process of the
    /// terminal's foreground group; a child that its parent will end in good
    /// order must not die of it first.
    pub fn ignore_interrupt(mut self) -> Self {
        self.ignore_interrupt = true;
        self
    }

    /// Closes `fd` in the child: the parent's end of a pipe, say. A child that
    /// keeps the other end of its own pipe open waits for an end of file that
    /// never comes.
    ///
    /// The descriptor is borrowed until the child has started. In the child its
    /// number is then of no use: reading and writing fail with `EBADF`, and no
    /// other file gets the number.
    pub fn close_in_child(mut self, fd: &'fd impl AsFd) -> Self {
        self.close.push(fd.as_fd());
        self
    }

    /// Forks a child that runs `body`. Its exit status is 0 for `()` and `Ok`, 1
    /// for an error, which is printed on standard error, and 101 for a panic, as
    /// for any Rust program.
    ///
    /// `body` may borrow: the child has its own copy of all that the parent has.
    /// What is *moved* into `body` is dropped in the parent when this returns.
    /// So to close an end of a pipe that only the child needs, move it into
    /// `body`. The child's copies of everything else are never dropped.
    ///
    /// # Errors
    ///
    /// [`SpawnError`]: the process has threads or holds a shared lock, or the
    /// system refuses. No child is left then.
    pub fn spawn<R: Outcome>(self, body: impl FnOnce() -> R) -> Result<Process, SpawnError> {
        let how = How {
            name: &self.name,
            close: &self.close,
            afresh: Some(Afresh {
                ignore_interrupt: self.ignore_interrupt,
            }),
        };
        let (pid, pidfd) = start(&how, body)?;
        Ok(Process::started(Cow::Owned(self.name), pid, pidfd))
    }

    /// Forks a child with a [`Connection`] to it: `body` gets one end, the
    /// caller the other. When one of them drops its end or dies, the other reads
    /// the end of the file.
    ///
    /// # Copies
    ///
    /// A child started later inherits the caller's end, like every descriptor,
    /// and children of the child inherit the child's. These copies do not keep
    /// the connection open. Whoever got an end from this call *hangs up*
    /// (shutdown(2)) when he drops or closes it: the peer receives what has been
    /// sent, then the end of the file.
    ///
    /// ```
    /// use multiproc::connection::{Connection, Error};
    /// use multiproc::process::{Builder, Process};
    ///
    /// /// Squares numbers until the master drops its end.
    /// fn work(mut master: Connection) -> Result<(), Error> {
    ///     loop {
    ///         match master.recv::<u64>() {
    ///             Ok(n) => master.send(&(n * n))?,
    ///             Err(Error::EndOfFile) => return Ok(()),
    ///             Err(error) => return Err(error),
    ///         }
    ///     }
    /// }
    ///
    /// let mut workers: Vec<(Process, Connection)> = Vec::new();
    /// for number in 0..3 {
    ///     workers.push(Builder::new(format!("worker-{number}")).spawn_with_connection(work)?);
    /// }
    /// for (worker, mut connection) in workers {
    ///     connection.send(&12_u64)?;
    ///     assert_eq!(connection.recv::<u64>()?, 144);
    ///     drop(connection);
    ///     worker.join_success()?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// An end may be given away: moved into the closure of a later child, sent
    /// through another connection, or taken out by
    /// [`into_fd`](Connection::into_fd). Then it stays open until the new owner
    /// and every process with a copy have closed it. An end that a child only
    /// *borrows* ends when the owner drops it, and so does a duplicate of its
    /// descriptor (`as_fd().try_clone_to_owned()`).
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn); also [`SpawnError::System`] when no descriptor
    /// is left for the connection.
    pub fn spawn_with_connection<R: Outcome>(
        self,
        body: impl FnOnce(Connection) -> R,
    ) -> Result<(Process, Connection), SpawnError> {
        let (ours, theirs) = pipe(true)?;
        let child = {
            let builder: Builder<'_> = self;
            let body = move || body(theirs.hang_up_on_close());
            builder.close_in_child(&ours).spawn(body)?
        };
        Ok((child, ours.hang_up_on_close()))
    }
}

/// What a child is like.
pub(super) struct How<'a> {
    pub(super) name: &'a str,
    pub(super) close: &'a [BorrowedFd<'a>],
    /// `None` if its parent is [one of ours](spawn_another).
    pub(super) afresh: Option<Afresh>,
}

/// A child that does not take its parent's signals, streams and exit handlers as
/// they are.
pub(super) struct Afresh {
    pub(super) ignore_interrupt: bool,
}

/// Forks a child of a process that was itself spawned here, and that has run
/// nothing but this crate's code since then: the child inherits signals, streams
/// and exit handlers that are in order.
///
/// Nothing is taken from the heap. Each page that the parent writes to after one
/// fork has to be copied before the next.
///
/// # Errors
///
/// As [`Builder::spawn`].
pub(crate) fn spawn_another<R: Outcome>(
    name: &'static str,
    close: &[BorrowedFd<'_>],
    body: impl FnOnce() -> R,
) -> Result<Process, SpawnError> {
    let how = How {
        name,
        close,
        afresh: None,
    };
    let (pid, pidfd) = start(&how, body)?;
    Ok(Process::started(Cow::Borrowed(name), pid, pidfd))
}

fn start<R: Outcome>(
    how: &How<'_>,
    body: impl FnOnce() -> R,
) -> Result<(Pid, OwnedFd), SpawnError> {
    unreaped::reap();
    // The child's pidfd takes this one's place. If no descriptor is left, that
    // shows here, before there is a child that could do something.
    let nothing = OFlags::PATH | OFlags::CLOEXEC;
    let place = rustix::fs::open(c"/", nothing, Mode::empty())
        .map_err(|error| SpawnError::System(error.into()))?;
    let pid = fork::fork(how, place, body)?;
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => Ok((pid, pidfd)),
        Err(error) => {
            // The limit was lowered in between, or the whole system has run out.
            // Without a pidfd nobody could wait for the child: end it. Its pid is
            // safe to use, since it is not reaped yet.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::io::retry_on_intr(|| {
                rustix::process::waitpid(Some(pid), WaitOptions::empty())
            });
            Err(SpawnError::System(error.into()))
        }
    }
}
