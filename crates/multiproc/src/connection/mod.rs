//! Messages between processes, over a pipe or a socket:
//! `multiprocessing.connection`.
//!
//! ```
//! use multiproc::connection::{Error, pipe};
//!
//! let (mut a, mut b) = pipe(true)?;
//! a.send(&("square", 12_i64))?;
//! let (what, number): (String, i64) = b.recv()?;
//! b.send_bytes(format!("the {what} is {}", number * number).as_bytes())?;
//! assert_eq!(a.recv_bytes()?, b"the square is 144");
//! drop(b);
//! assert!(matches!(a.recv_bytes(), Err(Error::EndOfFile)));
//! # Ok::<(), Error>(())
//! ```
//!
//! The frame is CPython's, so a Python process that inherits the descriptor
//! talks to this one with `send_bytes` and `recv_bytes` of
//! `multiprocessing.connection.Connection(fd)`.
//!
//! | Python | here |
//! | --- | --- |
//! | `Pipe(duplex)` | [`pipe`] |
//! | `send`, `recv` (pickle) | [`send`](Connection::send), [`recv`](Connection::recv) (any serde type, by [`codec`](crate::codec): data, never code) |
//! | `send_bytes`, `recv_bytes(maxlength)` | [`send_bytes`](Connection::send_bytes), [`recv_bytes`](Connection::recv_bytes), [`recv_bytes_max`](Connection::recv_bytes_max) |
//! | `recv_bytes_into`, `BufferTooShort` | [`recv_bytes_into`](Connection::recv_bytes_into), [`Error::BufferTooShort`] |
//! | `poll()`, `poll(t)`, `poll(None)` | [`poll`](Connection::poll) with `Some(Duration::ZERO)`, `Some(t)`, `None` |
//! | `close`, `closed`, `readable`, `writable`, `fileno` | [`close`](Connection::close), [`is_closed`](Connection::is_closed), [`is_readable`](Connection::is_readable), [`is_writable`](Connection::is_writable), `as_fd` |
//! | `send(connection)` | [`send_connection`](Connection::send_connection), [`recv_connection`](Connection::recv_connection) |
//! | `wait(connections, t)` | [`wait`] |
//! | `Listener(address)`, `Client(address)` | [`Listener`], [`Connection::connect`] |
//! | `Listener(address, authkey=key)`, `Client(...)` | `accept_with_key`, `connect_with_key` (feature `auth`) |
//! | `EOFError` | [`Error::EndOfFile`]; [`Error::CutShort`] in the middle of a message |
//! | none | a `_timeout` form of every call that blocks |
//!
//! # Receiving ahead
//!
//! A connection reads up to 4 KiB at once, and up to 16 KiB once a message was
//! longer than 4, so that a small message costs one system call rather than two (its
//! length, then its body), which saves a fifth of a round trip. Bytes beyond that
//! message wait in the connection, where nobody sees them who looks only at the
//! descriptor:
//!
//! - [`Connection::poll`] and [`wait`] know of them; a `poll(2)` of your own on
//!   `as_fd` does not.
//! - A connection that is sent through a connection takes them along.
//! - [`Connection::into_fd`], which gives the descriptor away, fails while there
//!   are any. (A program that a child executes usually inherits the *other* end,
//!   which is not affected.)
//! - A forked child has a copy of them, as of all memory. So an end must have
//!   only one receiver at a time. It may move from a parent to a child; but where
//!   several processes take turns at one end (under a lock), each must call
//!   [`Connection::without_read_ahead`] before it first receives.

#[cfg(feature = "tokio")]
mod aio;
mod announce;
#[cfg(feature = "auth")]
pub mod auth;
mod control;
mod error;
pub mod frame;
mod incoming;
mod listener;
mod messages;
mod pass;
mod stream;
mod wait;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::PollFlags;

#[cfg(feature = "tokio")]
pub use aio::AsyncConnection;
pub use error::Error;
pub use listener::{Address, Listener};
pub use wait::{Waitable, wait};

use crate::deadline::Deadline;
use crate::process::{Owner, handing_over};
use incoming::Incoming;
use stream::Stream;

/// The longest message that a connection receives by default: 32 MiB.
pub const DEFAULT_LIMIT: usize = 32 << 20;

/// How much a duplex pipe takes before its sender blocks. While the receiver makes a
/// value of what has come, the sender goes on. (The kernel counts its own overhead too,
/// and doubles this for it; it grants less where the system has a lower limit.)
const SEND_BUFFER: usize = 256 << 10;

/// Makes two connected ends.
///
/// With `duplex` (a pair of Unix sockets) both ends send and receive. Without it
/// (a pipe(2)) the first only receives and the second only sends. A program that
/// a child executes inherits neither (`CLOEXEC`).
///
/// A forked child inherits both ends, and so do all children forked later. While
/// any copy of an end is open, the other end never reads the end of the file, so
/// whoever waits there for a process that has died waits for ever. Therefore use
/// [`Builder::spawn_with_connection`], which makes a child together with its
/// connection, and whose ends hang up when they are dropped. Where that is not
/// enough, move the child's end into its closure and
/// [close](crate::process::Builder::close_in_child) the other end there.
///
/// [`Builder::spawn_with_connection`]: crate::process::Builder::spawn_with_connection
///
/// # Errors
///
/// If this process, or the system, has too many open files.
pub fn pipe(duplex: bool) -> io::Result<(Connection, Connection)> {
    let (first, second): (OwnedFd, OwnedFd) = if duplex {
        let (first, second) = UnixStream::pair()?;
        for end in [&first, &second] {
            rustix::net::sockopt::set_socket_send_buffer_size(end, SEND_BUFFER)?;
        }
        (first.into(), second.into())
    } else {
        let (first, second) = io::pipe()?;
        (first.into(), second.into())
    };
    Ok((Connection::from_fd(first)?, Connection::from_fd(second)?))
}

/// One end of a pipe for messages.
///
/// Dropping it closes it. Methods that move bytes take `&mut self`, so two
/// threads cannot mix up their messages.
///
/// ```
/// use std::time::Duration;
///
/// use multiproc::connection::{Error, pipe};
///
/// let (mut receiver, mut sender) = pipe(false)?;
/// sender.send(&vec![1.5, 2.5])?;
/// assert!(receiver.poll(None)?);
/// assert_eq!(receiver.recv::<Vec<f64>>()?, [1.5, 2.5]);
/// let nothing = receiver.recv_bytes_timeout(Duration::from_millis(1));
/// assert!(matches!(nothing, Err(Error::TimedOut)));
/// # Ok::<(), Error>(())
/// ```
pub struct Connection {
    /// `None` once it is closed.
    stream: Option<Stream>,
    readable: bool,
    writable: bool,
    limit: usize,
    incoming: Incoming,
    /// The process that hangs up when it closes this end.
    hangs_up: Option<Owner>,
}

impl Connection {
    /// Takes over a descriptor: an end of a pipe, or a connected stream socket.
    ///
    /// # Errors
    ///
    /// `InvalidInput` or `EPROTOTYPE` if it is anything else.
    pub fn from_fd(fd: impl Into<OwnedFd>) -> io::Result<Connection> {
        let (stream, readable, writable) = Stream::new(fd.into())?;
        Ok(Connection {
            stream: Some(stream),
            readable,
            writable,
            limit: DEFAULT_LIMIT,
            incoming: Incoming::new(Vec::new(), true),
            hangs_up: None,
        })
    }

    /// From now on, when this process closes this end, the peer reads the end of
    /// the file, whoever else has inherited a copy.
    pub(crate) fn hang_up_on_close(mut self) -> Self {
        self.hangs_up = Some(Owner::this_process());
        self
    }

    /// Gives the descriptor away, usually to another program:
    /// `Stdio::from(connection.into_fd()?)` makes it a child's standard input.
    ///
    /// # Errors
    ///
    /// [`Error::ReadAhead`] if messages would be lost.
    pub fn into_fd(mut self) -> Result<OwnedFd, Error> {
        match self.incoming.received().len() {
            0 => Ok(self.stream.take().ok_or(Error::Closed)?.into_fd()),
            bytes => Err(Error::ReadAhead(bytes)),
        }
    }

    /// From now on, reads no further than the message that is received, and
    /// leaves what follows to other processes that receive from the same end. See
    /// the [module's documentation](self#receiving-ahead).
    pub fn without_read_ahead(mut self) -> Self {
        self.incoming.stop_reading_ahead();
        self
    }

    /// Sets the longest message, in bytes, that is received by calls without a
    /// limit of their own; [`DEFAULT_LIMIT`] at first.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// The longest message, in bytes, that is received.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether this end receives.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether this end sends.
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// Closes this end. The peer reads the end of the file once every process
    /// that has this end has closed it; at once, if this end comes from
    /// [`spawn_with_connection`](crate::process::Builder::spawn_with_connection).
    /// Closing twice does nothing.
    pub fn close(&mut self) {
        if let Some(stream) = self.stream.take()
            && self.hangs_up.is_some_and(Owner::is_current)
            && !handing_over()
        {
            stream.shut_down();
        }
        self.incoming = Incoming::new(Vec::new(), true);
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.stream.is_none()
    }

    /// Whether there is something to receive: bytes, or the end of the file.
    /// Waits for it for at most `timeout`: zero does not wait, `None` waits for
    /// ever.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`], [`Error::WriteOnly`].
    pub fn poll(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        let fd = self.receiving_end()?;
        let deadline = timeout.map_or(Deadline::NEVER, Deadline::after);
        Ok(self.holds_input() || wait::ready(fd, PollFlags::IN, deadline)?)
    }

    fn holds_input(&self) -> bool {
        self.incoming.holds_input()
    }

    fn receiving_end(&self) -> Result<BorrowedFd<'_>, Error> {
        let stream = self.stream.as_ref().ok_or(Error::Closed)?;
        if !self.readable {
            return Err(Error::WriteOnly);
        }
        Ok(stream.as_fd())
    }

    fn sending_end(&self) -> Result<&Stream, Error> {
        let stream = self.stream.as_ref().ok_or(Error::Closed)?;
        if !self.writable {
            return Err(Error::ReadOnly);
        }
        Ok(stream)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

/// # Panics
///
/// If the connection is closed.
impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream
            .as_ref()
            .expect("the connection is closed")
            .as_fd()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fd = self.stream.as_ref().map(|stream| stream.as_fd());
        f.debug_struct("Connection")
            .field("fd", &fd.map(|fd| fd.as_raw_fd()))
            .field("readable", &self.readable)
            .field("writable", &self.writable)
            .finish_non_exhaustive()
    }
}
