//! The descriptor underneath a connection: bytes in, bytes out, with a
//! deadline, whatever kind of descriptor it is.

// A vector's spare room is filled by the kernel before it counts as filled.
#![allow(unsafe_code)]

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketType,
};

use super::Error;
use super::control::Received;
use super::wait::ready;
use crate::deadline::Deadline;

/// How long a connected host may be silent before it is asked for a sign of
/// life, and how long each of three such questions is given.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// As much as a pipe that polls as writable takes without blocking (pipe(7)).
const PIPE_BUF: usize = 4096;

pub(super) struct Stream {
    fd: OwnedFd,
    socket: bool,
    tcp: bool,
}

impl Stream {
    /// Takes a pipe's end or a stream socket, and tells in which directions
    /// its bytes can go: (readable, writable).
    pub(super) fn new(fd: OwnedFd) -> io::Result<(Self, bool, bool)> {
        match rustix::net::sockopt::socket_type(&fd) {
            Ok(SocketType::STREAM) => {
                let domain = rustix::net::sockopt::socket_domain(&fd)?;
                let tcp = matches!(domain, AddressFamily::INET | AddressFamily::INET6);
                let socket = true;
                return Ok((Stream { fd, socket, tcp }, true, true));
            }
            Ok(_) => return Err(Errno::PROTOTYPE.into()),
            Err(Errno::NOTSOCK) => {}
            Err(error) => return Err(error.into()),
        }
        if !rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode).is_fifo() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "neither a pipe nor a stream socket",
            ));
        }
        let mode = rustix::fs::fcntl_getfl(&fd)? & rustix::fs::OFlags::RWMODE;
        let readable = mode != rustix::fs::OFlags::WRONLY;
        let writable = mode != rustix::fs::OFlags::RDONLY;
        let (socket, tcp) = (false, false);
        Ok((Stream { fd, socket, tcp }, readable, writable))
    }

    /// What a connection to another program needs, where it is TCP.
    pub(super) fn prepare_tcp(&self) -> io::Result<()> {
        use rustix::net::sockopt;
        if self.tcp {
            // Each message leaves in one write and is waited for: nothing is
            // won by holding it back (Nagle), and a round trip lost.
            sockopt::set_tcp_nodelay(&self.fd, true)?;
            // A host that vanishes says no good-bye. Nobody who waits for a
            // message would notice.
            sockopt::set_socket_keepalive(&self.fd, true)?;
            sockopt::set_tcp_keepidle(&self.fd, KEEP_ALIVE)?;
            sockopt::set_tcp_keepintvl(&self.fd, KEEP_ALIVE)?;
            sockopt::set_tcp_keepcnt(&self.fd, 3)?;
        }
        Ok(())
    }

    /// Acknowledges what came at once, where it is TCP.
    ///
    /// CPython never sets `TCP_NODELAY`: it sends the length of a long message,
    /// or the last word of the handshake, and holds back what follows until
    /// that is acknowledged, which the kernel puts off by 40 ms, for there might
    /// be an answer to send it along with. There is none.
    pub(super) fn acknowledge(&self) {
        if self.tcp {
            // Without it, it is slower.
            let _ = rustix::net::sockopt::set_tcp_quickack(&self.fd, true);
        }
    }

    pub(super) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    pub(super) fn is_socket(&self) -> bool {
        self.socket
    }

    /// Whether descriptors can pass.
    pub(super) fn is_unix_socket(&self) -> bool {
        let domain = rustix::net::sockopt::socket_domain(&self.fd);
        domain == Ok(AddressFamily::UNIX)
    }

    /// Reads at least a byte, and all of the buffer where that spares system
    /// calls; 0 is end of file. Descriptors that came with the bytes are closed
    /// by the kernel.
    pub(super) fn read(&self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Error> {
        self.attempt(PollFlags::IN, deadline, |flags| {
            if self.socket {
                Ok(rustix::net::recv(&self.fd, &mut *buffer, all(flags))?.0)
            } else {
                rustix::io::read(&self.fd, &mut *buffer)
            }
        })
    }

    /// The same, appended to `vec`, at most `most` bytes and no more than it
    /// has room for: memory that nobody need clear first.
    pub(super) fn read_spare(
        &self,
        vec: &mut Vec<u8>,
        most: usize,
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let length = vec.len();
        let spare = vec.spare_capacity_mut();
        let most = most.min(spare.len());
        let spare = &mut spare[..most];
        let got = self.attempt(PollFlags::IN, deadline, |flags| {
            let (filled, _) = if self.socket {
                // The second number is the datagram's length; a stream has none.
                rustix::net::recv(&self.fd, &mut *spare, all(flags))?.0
            } else {
                rustix::io::read(&self.fd, &mut *spare)?
            };
            Ok(filled.len())
        })?;
        // SAFETY: the kernel has written the first `got` bytes of the spare
        // room, which begins at `length` and is that large.
        unsafe { vec.set_len(length + got) };
        Ok(got)
    }

    /// The same, with the one descriptor that may have come with the last of
    /// these bytes. Further ones are closed.
    pub(super) fn read_with_fd(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<(usize, Option<OwnedFd>), Error> {
        if !self.socket {
            return Ok((self.read(buffer, deadline)?, None));
        }
        let mut fds = Received::default();
        let count = self.attempt(PollFlags::IN, deadline, |flags| {
            fds.recvmsg(self.fd.as_fd(), buffer, flags)
        })?;
        Ok((count, fds.only_one()))
    }

    /// Writes all of `parts`, together with `fd` if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] before the first byte, [`Error::Cut`] after it.
    pub(super) fn write_all(
        &self,
        mut parts: &mut [IoSlice<'_>],
        mut fd: Option<BorrowedFd<'_>>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let of = parts.iter().map(|part| part.len()).sum();
        let mut sent = 0;
        while sent < of {
            match self.write_some(parts, fd, deadline) {
                Ok(count) => {
                    sent += count;
                    IoSlice::advance_slices(&mut parts, count);
                    // It has left with the first byte.
                    fd = None;
                }
                Err(Error::TimedOut) if sent > 0 => return Err(Error::Cut { sent, of }),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_some(
        &self,
        parts: &[IoSlice<'_>],
        fd: Option<BorrowedFd<'_>>,
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let written = self.attempt(PollFlags::OUT, deadline, |flags| {
            if !self.socket {
                // No flag keeps a write to a pipe from blocking, but a small
                // one does not after `poll` has seen room.
                return match deadline.remaining() {
                    None => rustix::io::writev(&self.fd, parts),
                    Some(_) => {
                        let part = &parts[0];
                        rustix::io::write(&self.fd, &part[..part.len().min(PIPE_BUF)])
                    }
                };
            }
            // `SIGPIPE` is ignored in a Rust program, but not in one that
            // restored it.
            let mut flags_out = SendFlags::NOSIGNAL;
            flags_out.set(SendFlags::DONTWAIT, flags.contains(RecvFlags::DONTWAIT));
            match (parts, fd) {
                ([part], None) => rustix::net::send(&self.fd, part, flags_out),
                _ => {
                    let fds = fd.map(|fd| [fd]);
                    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
                    let mut control = SendAncillaryBuffer::new(&mut space);
                    if let Some(fds) = &fds {
                        control.push(SendAncillaryMessage::ScmRights(fds));
                    }
                    rustix::net::sendmsg(&self.fd, parts, &mut control, flags_out)
                }
            }
        });
        match written {
            Err(Error::System(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                Err(Error::BrokenPipe)
            }
            other => other,
        }
    }

    /// Stops sending: the peer gets an end of file.
    pub(super) fn shut_down_writing(&self) {
        // Nothing can be done about an error: the connection is lost anyway.
        let _ = rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Write);
    }

    /// Makes `call` until it succeeds, fails for good, or time is up.
    ///
    /// The descriptor stays in blocking mode: that mode belongs to all who
    /// share the pipe's end, a child with another program for one. So a call
    /// without a deadline just blocks; one with a deadline does not: sockets
    /// have a flag for that, pipes are asked with `poll` first.
    fn attempt<T>(
        &self,
        wants: PollFlags,
        deadline: Deadline,
        mut call: impl FnMut(RecvFlags) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let timed = deadline.remaining().is_some();
        if timed && !self.socket && !ready(self.fd.as_fd(), wants, deadline)? {
            return Err(Error::TimedOut);
        }
        let flags = if timed {
            RecvFlags::DONTWAIT
        } else {
            RecvFlags::empty()
        };
        loop {
            match call(flags) {
                Ok(done) => return Ok(done),
                Err(Errno::INTR) => {}
                // Somebody else may have set O_NONBLOCK: wait without, too.
                Err(Errno::AGAIN) => {
                    if !ready(self.fd.as_fd(), wants, deadline)? {
                        return Err(Error::TimedOut);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A call that may block had better return with everything.
fn all(flags: RecvFlags) -> RecvFlags {
    if flags.contains(RecvFlags::DONTWAIT) {
        flags
    } else {
        flags | RecvFlags::WAITALL
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
