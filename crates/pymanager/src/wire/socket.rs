//! What the kernel is asked to do for a connection.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use multiproc::deadline::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send, sockopt};

use super::{FrameError, is_unix};

/// Sets a connection up: nothing is held back, and a peer's host that vanishes
/// is noticed within about `vanished`.
pub(super) fn set_up(stream: &TcpStream, vanished: Duration) -> io::Result<()> {
    if is_unix(stream) {
        // Nothing is held back, and no host can vanish.
        return Ok(());
    }
    // Each message leaves in one write and is waited for: nothing is won by
    // holding it back (Nagle), and a round trip lost.
    stream.set_nodelay(true)?;
    // A host that loses its power or its network says no good-bye. Who waits
    // for a message from it learns of that by asking now and then (keepalive),
    // who has sent it something by its not being acknowledged
    // (TCP_USER_TIMEOUT); see tcp(7). The kernel would take two hours for the
    // one and a quarter of an hour for the other.
    let second = Duration::from_secs(1);
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, (vanished / 3).max(second))?;
    sockopt::set_tcp_keepintvl(stream, (vanished / 6).max(second))?;
    sockopt::set_tcp_keepcnt(stream, 4)?;
    let milliseconds = u32::try_from(vanished.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, milliseconds.max(1))?;
    Ok(())
}

/// Reads what is there; nothing when there is nothing yet.
pub(super) fn read_now(stream: &TcpStream, room: &mut [u8]) -> Option<io::Result<usize>> {
    match recv(stream, room, RecvFlags::DONTWAIT) {
        Err(Errno::AGAIN | Errno::INTR) => None,
        Ok((count, _)) => Some(Ok(count)),
        Err(error) => Some(Err(error.into())),
    }
}

/// Sends all of `bytes` by the deadline, or not at all, as far as this
/// connection is of any use then.
pub(super) fn send_all(
    stream: &TcpStream,
    mut bytes: &[u8],
    deadline: Deadline,
) -> Result<(), FrameError> {
    // (SIGPIPE is ignored by Rust's programs, not by others that use a
    // library.)
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    while !bytes.is_empty() {
        match send(stream, bytes, flags) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_writable(stream, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_writable(stream: &TcpStream, deadline: Deadline) -> Result<(), FrameError> {
    let left = deadline.remaining();
    if left == Some(Duration::ZERO) {
        return Err(FrameError::TimedOut);
    }
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut [PollFd::new(stream, PollFlags::OUT)], left.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
