//! What can go wrong on a connection.

use std::io;

use thiserror::Error;

use crate::codec;

/// Why a connection could not do what was asked.
///
/// ```
/// use multiproc::connection::{Error, pipe};
///
/// let (mut a, mut b) = pipe(true)?;
/// b.send("the last message")?;
/// drop(b);
/// loop {
///     match a.recv::<String>() {
///         Ok(message) => println!("{message}"),
///         Err(Error::EndOfFile) => break,
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// This end was closed with [`close`](super::Connection::close).
    #[error("the connection is closed")]
    Closed,
    /// This end only sends.
    #[error("the connection is write-only")]
    WriteOnly,
    /// This end only receives, or lost the ability to send ([`Error::Cut`]).
    #[error("the connection is read-only")]
    ReadOnly,
    /// Everybody who could send has closed the other end or died, between two
    /// messages. Python's `EOFError`.
    #[error("end of file: the other end is closed")]
    EndOfFile,
    /// The same in the middle of a message: its sender died, or gave up.
    #[error("the message was cut short: end of file after {received} bytes of it")]
    CutShort {
        /// How many bytes of the message came; or of its length, if not even that
        /// was complete.
        received: usize,
    },
    /// The message is longer than the limit. Nothing was allocated and nothing is
    /// lost: call again with a larger limit to receive it.
    #[error("a message of {length} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// The length that the sender announced.
        length: u64,
        /// The limit in force.
        limit: usize,
    },
    /// This cannot be a length: the peer does not speak this protocol.
    #[error("bad message length {0}")]
    BadLength(i64),
    /// The caller's buffer is too small for the message, which is all here.
    /// Python's `BufferTooShort`.
    #[error("a message of {} bytes does not fit into a buffer of {buffer}", .message.len())]
    BufferTooShort {
        /// The whole message.
        message: Vec<u8>,
        /// The size of the buffer.
        buffer: usize,
    },
    /// The time-out came first. Nothing is lost: the part of a message that was
    /// received is kept, and the next call goes on from there. Nothing was sent of
    /// a message to be sent.
    #[error("timed out")]
    TimedOut,
    /// The time-out came when part of the message was already sent. The rest can
    /// no longer follow, so this end stops sending, and the peer gets
    /// [`Error::CutShort`].
    #[error("timed out after {sent} of {of} bytes: the message is cut short")]
    Cut {
        /// How many bytes were sent, the length prefix included.
        sent: usize,
        /// How many there are in all.
        of: usize,
    },
    /// Nobody can receive at the other end any more. Python's
    /// `BrokenPipeError`.
    #[error("broken pipe: nobody receives at the other end")]
    BrokenPipe,
    /// A value could not be serialised, or what came is not of its type.
    #[error("cannot serialise or deserialise the message: {0}")]
    Codec(#[from] codec::Error),
    /// The system has no memory for a message that the limit allows.
    #[error("no memory for a message of {0} bytes")]
    NoMemory(usize),
    /// Connections are sent through Unix sockets, that is duplex pipes, only.
    #[error("a connection can be sent through a duplex pipe only")]
    NotUnixSocket,
    /// The message that came is not a connection.
    #[error("the message of {} bytes is not a connection", .0.len())]
    NotAConnection(Vec<u8>),
    /// The message announces a connection, but no descriptor of a pipe or a
    /// socket came with it. At this process's limit on open files (`EMFILE`)
    /// the kernel drops it.
    #[error("no usable descriptor came with the connection")]
    NoDescriptor,
    /// The connection has already read this many bytes from the descriptor;
    /// whoever got the descriptor alone would miss them.
    #[error("{0} bytes are received ahead and would be lost")]
    ReadAhead(usize),
    /// Any other failure.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl From<rustix::io::Errno> for Error {
    fn from(error: rustix::io::Errno) -> Self {
        Error::System(error.into())
    }
}
