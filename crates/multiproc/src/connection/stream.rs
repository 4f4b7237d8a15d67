//! The descriptor under a connection: bytes in, bytes out, with a deadline, for
//! pipes and sockets alike.

#![expect(unsafe_code, reason = "the kernel fills memory that was not cleared")]

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
use crate::room::Room;

/// How long a connected host may be silent before it is probed, and how long it
/// has to answer each of three probes.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How much a pipe takes without blocking once `poll` says that it is writable
/// (pipe(7)).
const PIPE_BUF: usize = 4096;

pub(super) struct Stream {
    fd: OwnedFd,
    socket: bool,
    tcp: bool,
}

impl Stream {
    /// Takes an end of a pipe or a stream socket, and returns which directions it
    /// has: (readable, writable).
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

    /// Sets the options that a TCP connection to another program needs.
    pub(super) fn prepare_tcp(&self) -> io::Result<()> {
        use rustix::net::sockopt;
        if self.tcp {
            // Each message is sent in one write, and the peer waits for it.
            // Holding it back (Nagle) would gain nothing and cost a round trip.
            sockopt::set_tcp_nodelay(&self.fd, true)?;
            // A host that vanishes does not close its connections. Without
            // probes, whoever waits for a message would never notice.
            sockopt::set_socket_keepalive(&self.fd, true)?;
            sockopt::set_tcp_keepidle(&self.fd, KEEP_ALIVE)?;
            sockopt::set_tcp_keepintvl(&self.fd, KEEP_ALIVE)?;
            sockopt::set_tcp_keepcnt(&self.fd, 3)?;
        }
        Ok(())
    }

    /// Over TCP, acknowledges at once what has come.
    ///
    /// CPython never sets `TCP_NODELAY`. It sends the length of a long message, or
    /// the last message of the handshake, and then holds back what follows until
    /// that is acknowledged. The kernel delays the acknowledgement by 40 ms, so
    /// that it can travel with an answer; but no answer comes.
    pub(super) fn acknowledge(&self) {
        if self.tcp {
            // If it fails, the connection is only slower.
            let _ = rustix::net::sockopt::set_tcp_quickack(&self.fd, true);
        }
    }

    pub(super) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    pub(super) fn is_socket(&self) -> bool {
        self.socket
    }

    /// Whether descriptors can be sent through it.
    pub(super) fn is_unix_socket(&self) -> bool {
        let domain = rustix::net::sockopt::socket_domain(&self.fd);
        domain == Ok(AddressFamily::UNIX)
    }

    /// Reads at least one byte, and returns what is there; 0 is the end of the
    /// file.
    pub(super) fn read_some(&self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Error> {
        self.attempt(PollFlags::IN, deadline, |flags| {
            if self.socket {
                Ok(rustix::net::recv(&self.fd, &mut *buffer, flags)?.0)
            } else {
                rustix::io::read(&self.fd, &mut *buffer)
            }
        })
    }

    /// Reads at least one byte into what is missing of `room`, and all of it where that
    /// saves system calls; 0 is the end of the file. The kernel closes descriptors that
    /// came with the bytes.
    pub(super) fn read_room(
        &self,
        room: &mut Room<'_>,
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let got = self.attempt(PollFlags::IN, deadline, |flags| {
            // SAFETY: only the kernel writes there.
            let rest = unsafe { room.rest() };
            let (filled, _) = if self.socket {
                // The second number is the length of a datagram, not of use here.
                rustix::net::recv(&self.fd, rest, all(flags))?.0
            } else {
                rustix::io::read(&self.fd, rest)?
            };
            Ok(filled.len())
        })?;
        // SAFETY: the kernel has written the first `got` bytes of the rest.
        unsafe { room.advance(got) };
        Ok(got)
    }

    /// Like [`read_room`](Self::read_room), but appends to `vec`: at most `most` bytes,
    /// and no more than its spare capacity.
    pub(super) fn read_spare(
        &self,
        vec: &mut Vec<u8>,
        most: usize,
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let length = vec.len();
        let spare = vec.spare_capacity_mut();
        let most = most.min(spare.len());
        let got = self.read_room(&mut Room::new(&mut spare[..most]), deadline)?;
        // SAFETY: the room was the spare capacity, of which the first `got` bytes are
        // filled now.
        unsafe { vec.set_len(length + got) };
        Ok(got)
    }

    /// Like [`read_some`](Self::read_some), and returns the descriptor that came
    /// with the last of these bytes. If several came, all are closed.
    pub(super) fn read_with_fd(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<(usize, Option<OwnedFd>), Error> {
        if !self.socket {
            return Ok((self.read_some(buffer, deadline)?, None));
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
                    // It was sent with the first byte.
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
                // No flag keeps a write to a pipe from blocking. But a small one
                // does not block once `poll` has reported room.
                return match deadline.remaining() {
                    None => rustix::io::writev(&self.fd, parts),
                    Some(_) => {
                        let part = &parts[0];
                        rustix::io::write(&self.fd, &part[..part.len().min(PIPE_BUF)])
                    }
                };
            }
            // A Rust program ignores `SIGPIPE`, unless it has restored it.
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

    /// Stops sending: the peer reads the end of the file.
    pub(super) fn shut_down_writing(&self) {
        // Nothing to do about an error: the connection is lost anyway.
        let _ = rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Write);
    }

    /// Hangs up: the peer reads the end of the file, although other processes may
    /// have copies of this end.
    pub(super) fn shut_down(&self) {
        // If the peer has ended, there is nobody to tell.
        let _ = rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Both);
    }

    /// Makes `call` until it succeeds, fails for good, or time is up.
    ///
    /// The descriptor stays in blocking mode, because the mode is common to all
    /// who share this end: a child that runs another program, say. So a call
    /// without a deadline just blocks. With a deadline it must not: sockets have a
    /// flag for that, and pipes are polled first.
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
                // Without a deadline too: somebody may have set O_NONBLOCK.
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

/// A call that may block should return only with everything that it asked for.
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
