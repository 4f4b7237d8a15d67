//! Messages over a stream: a length, then that many bytes
//! (`Connection._send_bytes` and `_recv_bytes` in CPython).
//!
//! The length has 4 bytes, signed, most significant first. -1 says that 8 more
//! follow with the length proper, for messages beyond 2 GiB - 1, which Python
//! 3.7 and older cannot read.

use std::io::{self, Read};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use multiproc::connection::auth::Messages;
use multiproc::connection::frame::{self, Header};
use multiproc::deadline::Deadline;
use multiproc::process::wait_readable;
use rustix::io::Errno;

use super::{FrameError, Spin, socket};

/// The working memory that a quiet connection keeps, and the step in which
/// memory grows: what a peer announces costs nothing until it is sent.
const SMALL: usize = 4 << 10;
const LARGE: usize = 64 << 10;

/// One connection, message by message.
pub(crate) struct Channel {
    stream: Arc<TcpStream>,
    stalled: Duration,
    /// What has been read and not yet given out is `inbox[start..end]`; the
    /// rest is room.
    inbox: Vec<u8>,
    start: usize,
    end: usize,
    outbox: Vec<u8>,
    prompt: bool,
    look_first: bool,
    spin: Option<Spin>,
}

impl Channel {
    /// Takes over a connected stream. `stalled` is how long a peer may take to
    /// accept a message before the connection counts as broken, and as much
    /// more for each 32 MiB of it; `vanished` is how long its host may give no sign of
    /// life.
    pub(crate) fn new(
        stream: Arc<TcpStream>,
        stalled: Duration,
        vanished: Duration,
    ) -> io::Result<Self> {
        socket::set_up(&stream, vanished)?;
        Ok(Channel {
            stream,
            stalled,
            inbox: Vec::new(),
            start: 0,
            end: 0,
            outbox: Vec::new(),
            prompt: false,
            look_first: false,
            spin: None,
        })
    }

    pub(crate) fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// Whether every arrival is acknowledged at once.
    ///
    /// CPython never sets `TCP_NODELAY`: it sends the last message of the
    /// handshake, and holds back its request until that is acknowledged, which
    /// the kernel puts off by 40 ms, for there might be an answer to send it
    /// along with. There is none.
    pub(crate) fn acknowledge_at_once(&mut self, prompt: bool) {
        self.prompt = prompt;
    }

    /// Whether to wait for a message without touching it, and to read it in a
    /// second call.
    ///
    /// A process that is killed while it waits in read(2) may still take from
    /// its socket what comes before it gets to die, and it closes the socket
    /// in peace: the server has to think that the item arrived. One that is
    /// killed in poll(2) leaves it unread, which the server is told. (CPython
    /// reads the length and the rest apart, to the same effect.)
    pub(crate) fn look_before_reading(&mut self) {
        self.look_first = true;
    }

    /// Looks for the next message for a moment before it sleeps until it comes.
    pub(crate) fn spin(&mut self, spin: Spin) {
        self.spin = Some(spin);
    }

    /// The next message, of at most `limit` bytes; `None` when the peer has
    /// closed the connection between two messages.
    pub(crate) fn receive(
        &mut self,
        limit: usize,
        deadline: Deadline,
    ) -> Result<Option<&[u8]>, FrameError> {
        loop {
            let arrived = &self.inbox[self.start..self.end];
            let (header, size) = match parse_length(arrived)? {
                Some((header, size)) => (header, size),
                None => (4, 0),
            };
            let size = match usize::try_from(size) {
                Ok(size) if size <= limit => size,
                _ => {
                    return Err(FrameError::TooLarge {
                        length: size,
                        limit,
                    });
                }
            };
            let whole = header + size;
            if arrived.len() >= whole.max(4) {
                let from = self.start + header;
                self.start += whole;
                return Ok(Some(&self.inbox[from..from + size]));
            }
            let received = arrived.len();
            if self.fill(whole.max(12), deadline)? == 0 {
                return match received {
                    0 => Ok(None),
                    received => Err(FrameError::CutShort { received }),
                };
            }
        }
    }

    /// Reads once, with room for a message of `wanted` bytes or a part of it.
    fn fill(&mut self, wanted: usize, deadline: Deadline) -> Result<usize, FrameError> {
        self.make_room(wanted);
        loop {
            if self.look_first || deadline.remaining().is_some() {
                let readable = wait_readable(self.stream.as_fd(), deadline)?;
                if !readable {
                    return Err(FrameError::TimedOut);
                }
            }
            match self.read() {
                Ok(count) => {
                    self.end += count;
                    let arrived = &self.inbox[self.start..self.end];
                    if count > 0 && (self.prompt || !is_whole(arrived)) {
                        // Of a long message CPython sends the length on its
                        // own, and holds the rest back just the same.
                        match rustix::net::sockopt::set_tcp_quickack(&*self.stream, true) {
                            // A Unix socket acknowledges nothing.
                            Ok(()) | Err(Errno::OPNOTSUPP) => {}
                            Err(error) => return Err(io::Error::from(error).into()),
                        }
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let room = &mut self.inbox[self.end..];
        // The rest of a message that has begun to arrive is a matter of the
        // network, not of the client.
        if self.end == 0
            && let Some(spin) = &mut self.spin
            && let Some(read) = spin.find(|| socket::read_now(&self.stream, room))
        {
            return read;
        }
        (&*self.stream).read(room)
    }

    fn make_room(&mut self, wanted: usize) {
        if self.start > 0 {
            self.inbox.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == 0 && self.inbox.len() > LARGE && wanted <= LARGE {
            self.inbox = Vec::new();
        }
        if self.end == self.inbox.len() || self.inbox.is_empty() {
            let step = (2 * self.end).max(LARGE);
            let size = wanted.min(self.end + step).max(SMALL);
            self.inbox.resize(size.max(self.inbox.len()), 0);
        }
    }

    /// Sends one message.
    pub(crate) fn send(&mut self, message: &[u8]) -> Result<(), FrameError> {
        self.compose(|out| {
            out.extend_from_slice(message);
            Ok::<(), FrameError>(())
        })?;
        self.flush()
    }

    /// Puts together the message that [`flush`](Self::flush) sends; `write`
    /// appends it. On an error there is none.
    pub(crate) fn compose<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.outbox.clear();
        self.outbox.extend_from_slice(&[0; 4]);
        if let Err(error) = write(&mut self.outbox) {
            self.outbox.clear();
            return Err(error);
        }
        let size = self.outbox.len() - 4;
        match i32::try_from(size) {
            Ok(size) => self.outbox[..4].copy_from_slice(&size.to_be_bytes()),
            Err(_) => {
                self.outbox[..4].copy_from_slice(&(-1i32).to_be_bytes());
                self.outbox.splice(4..4, (size as u64).to_be_bytes());
            }
        }
        Ok(())
    }

    /// Sends the composed message: in one write, as long as the kernel takes
    /// all of it. The whole of it has to be on its way in time, so that a peer
    /// gains nothing by taking a byte now and then.
    pub(crate) fn flush(&mut self) -> Result<(), FrameError> {
        let deadline = Deadline::after(self.patience(self.outbox.len() as u64));
        let sent = socket::send_all(&self.stream, &self.outbox, deadline);
        self.outbox.clear();
        self.outbox.shrink_to(LARGE);
        sent
    }

    /// How long a message of so many bytes may take.
    pub(crate) fn patience(&self, bytes: u64) -> Duration {
        let times = u32::try_from(bytes >> 20).unwrap_or(u32::MAX) / 32 + 1;
        self.stalled.saturating_mul(times)
    }

    /// Throws the message away that [`receive`](Self::receive) found to be
    /// too large.
    pub(crate) fn skip(&mut self, deadline: Deadline) -> Result<(), FrameError> {
        let arrived = &self.inbox[self.start..self.end];
        let Some((header, size)) = parse_length(arrived)? else {
            return Ok(());
        };
        let mut left = size.saturating_add(header as u64);
        loop {
            let here = self.end - self.start;
            let skipped = left.min(here as u64) as usize;
            self.start += skipped;
            left -= skipped as u64;
            if left == 0 {
                return Ok(());
            }
            if self.fill(LARGE, deadline)? == 0 {
                return Err(FrameError::CutShort { received: 0 });
            }
        }
    }
}

/// The size of the header and of the message after it; `None` while the header
/// is not all there.
fn parse_length(bytes: &[u8]) -> Result<Option<(usize, u64)>, FrameError> {
    Ok(match frame::parse(bytes)? {
        Header::Length { length, header } => Some((header, length)),
        Header::Needs(_) => None,
    })
}

fn is_whole(bytes: &[u8]) -> bool {
    match parse_length(bytes) {
        Ok(Some((header, size))) => (bytes.len() - header) as u64 >= size,
        Ok(None) => false,
        Err(_) => true,
    }
}

impl Messages for Channel {
    fn send_message(&mut self, message: &[u8], _: Deadline) -> Result<(), FrameError> {
        // Within the channel's own patience: a few bytes into an empty buffer.
        self.send(message)
    }

    fn receive_message(&mut self, limit: usize, deadline: Deadline) -> Result<Vec<u8>, FrameError> {
        let message = self.receive(limit, deadline)?;
        message.map(<[u8]>::to_vec).ok_or(FrameError::EndOfFile)
    }
}

#[cfg(test)]
mod tests;
