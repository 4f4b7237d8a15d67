//! Waiting for the first of several things: `multiprocessing.connection.wait`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Connection, Error};
use crate::deadline::Deadline;
use crate::process::Process;

/// What [`wait`] can wait for: a [`Connection`], a [`Process`] (ready when it
/// has ended), or any descriptor (`&thing.as_fd()`).
///
/// `AsFd` would not do: a connection may hold bytes that it has received ahead,
/// which its descriptor no longer has.
pub trait Waitable {
    /// The descriptor that becomes readable.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if it is closed.
    fn descriptor(&self) -> Result<BorrowedFd<'_>, Error>;

    /// Whether there is input already, whatever the descriptor says.
    fn has_input(&self) -> bool {
        false
    }
}

impl Waitable for Connection {
    fn descriptor(&self) -> Result<BorrowedFd<'_>, Error> {
        self.receiving_end()
    }

    fn has_input(&self) -> bool {
        self.holds_input()
    }
}

impl Waitable for Process {
    fn descriptor(&self) -> Result<BorrowedFd<'_>, Error> {
        Ok(self.as_fd())
    }
}

impl Waitable for BorrowedFd<'_> {
    fn descriptor(&self) -> Result<BorrowedFd<'_>, Error> {
        Ok(self.as_fd())
    }
}

impl Waitable for OwnedFd {
    fn descriptor(&self) -> Result<BorrowedFd<'_>, Error> {
        Ok(self.as_fd())
    }
}

/// Waits until at least one of `things` is ready, and returns the positions of
/// those that are, in order; none if `timeout` comes first. (`None` waits for
/// ever, zero does not wait.)
///
/// A connection is ready when there are bytes to receive, or the end of the file;
/// a process when it has ended.
///
/// ```
/// use std::time::Duration;
/// use multiproc::connection::{pipe, wait};
///
/// let (a, mut a_peer) = pipe(true)?;
/// let (b, mut b_peer) = pipe(true)?;
/// b_peer.send_bytes(b"first")?;
/// assert_eq!(wait(&[&a, &b], None)?, [1]);
/// a_peer.send_bytes(b"second")?;
/// assert_eq!(wait(&[&a, &b], Some(Duration::ZERO))?, [0, 1]);
/// # Ok::<(), multiproc::connection::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Closed`] and [`Error::WriteOnly`] for a connection from which
/// nothing can be received.
pub fn wait(things: &[&dyn Waitable], timeout: Option<Duration>) -> Result<Vec<usize>, Error> {
    let deadline = timeout.map_or(Deadline::NEVER, Deadline::after);
    let mut fds = Vec::with_capacity(things.len());
    for thing in things {
        fds.push(PollFd::from_borrowed_fd(thing.descriptor()?, PollFlags::IN));
    }
    let held: Vec<bool> = things.iter().map(|thing| thing.has_input()).collect();
    // If something is ready already, only check for others.
    let deadline = if held.contains(&true) {
        Deadline::after(Duration::ZERO)
    } else {
        deadline
    };
    poll_until(&mut fds, deadline)?;
    let ready = fds
        .iter()
        .zip(held)
        .enumerate()
        .filter(|(_, (fd, held))| *held || !fd.revents().is_empty());
    Ok(ready.map(|(position, _)| position).collect())
}

/// Waits until `fd` can do what `wants` says, or has failed or hung up; false if
/// the deadline comes first.
pub(super) fn ready(fd: BorrowedFd<'_>, wants: PollFlags, deadline: Deadline) -> io::Result<bool> {
    poll_until(&mut [PollFd::from_borrowed_fd(fd, wants)], deadline)
}

/// poll(2); a signal does not cut it short.
fn poll_until(fds: &mut [PollFd<'_>], deadline: Deadline) -> io::Result<bool> {
    loop {
        let timeout = deadline
            .remaining()
            .and_then(|left| Timespec::try_from(left).ok());
        match poll(fds, timeout.as_ref()) {
            Ok(0) if deadline.is_past() => return Ok(false),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}
