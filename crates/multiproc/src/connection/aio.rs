//! A connection, awaited.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::PollFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::unix::AsyncFd;

use super::{Connection, Error, frame};
use crate::aio::registered;
use crate::codec::{decode, encode};
use crate::deadline::Deadline;

/// Do not wait.
const NOW: Duration = Duration::ZERO;

/// A [`Connection`] in a tokio runtime.
///
/// It receives ahead, as a `Connection` does, so the descriptor's readiness alone
/// says too little: let nothing else wait for it. The descriptor stays in blocking
/// mode, because the mode is common to all who share it.
///
/// ```
/// use multiproc::aio::AsyncConnection;
/// use multiproc::connection::pipe;
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
/// runtime.block_on(async {
///     let (a, b) = pipe(true)?;
///     let (mut a, mut b) = (AsyncConnection::new(a)?, AsyncConnection::new(b)?);
///     a.send(&("square", 12_i64)).await?;
///     let (what, number): (String, i64) = b.recv().await?;
///     assert_eq!((&*what, number), ("square", 12));
///     Ok::<(), multiproc::connection::Error>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsyncConnection {
    connection: Connection,
    /// A duplicate: epoll takes each descriptor once, and forgets this one when it
    /// is dropped, whatever happens to the connection's own.
    ready: AsyncFd<OwnedFd>,
    /// The rest of a message that is partly sent.
    outgoing: VecDeque<u8>,
}

impl AsyncConnection {
    /// Registers a connection with the runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`], and `EMFILE` without a free descriptor.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled.
    pub fn new(connection: Connection) -> Result<Self, Error> {
        let stream = connection.stream.as_ref().ok_or(Error::Closed)?;
        let ready = registered(stream.as_fd().try_clone_to_owned()?)?;
        Ok(AsyncConnection {
            connection,
            ready,
            outgoing: VecDeque::new(),
        })
    }

    /// Takes the connection out of the runtime again.
    ///
    /// # Errors
    ///
    /// This, unchanged, if part of a message is still to be sent:
    /// [`flush`](Self::flush) first.
    pub fn into_inner(self) -> Result<Connection, Box<AsyncConnection>> {
        match self.outgoing.is_empty() {
            true => Ok(self.connection),
            false => Err(Box::new(self)),
        }
    }

    /// Like [`Connection::recv_bytes`]. Cancel-safe: the part of a message that
    /// has come is kept, and the next call goes on from there.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::recv_bytes`].
    pub async fn recv_bytes(&mut self) -> Result<Vec<u8>, Error> {
        loop {
            // Before waiting: a message may have been received ahead.
            match self.connection.recv_bytes_timeout(NOW) {
                Err(Error::TimedOut) => self.readable().await?,
                result => return result,
            }
        }
    }

    /// Like [`Connection::recv`]. Cancel-safe as
    /// [`recv_bytes`](Self::recv_bytes).
    ///
    /// # Errors
    ///
    /// Those of [`Connection::recv`].
    pub async fn recv<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        Ok(decode(&self.recv_bytes().await?)?)
    }

    /// Like [`Connection::send_bytes`]; returns when the whole message is sent.
    ///
    /// If it is dropped before that, it has sent nothing or a part. In the second
    /// case the rest is kept, and sent by [`flush`](Self::flush) or before the
    /// next message. So a message is never cut short, but may arrive although its
    /// call was dropped.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::send_bytes`].
    pub async fn send_bytes(&mut self, message: &[u8]) -> Result<(), Error> {
        self.flush().await?;
        let (header, size) = frame::header(message.len());
        self.outgoing.extend(&header[..size]);
        self.outgoing.extend(message);
        self.flush().await
    }

    /// Like [`Connection::send`]. If it is dropped before its end, the same holds
    /// as for [`send_bytes`](Self::send_bytes).
    ///
    /// # Errors
    ///
    /// Those of [`Connection::send`].
    pub async fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let mut message = Vec::new();
        encode(value, &mut message)?;
        self.send_bytes(&message).await
    }

    /// Sends the rest of a message whose [`send_bytes`](Self::send_bytes) was
    /// dropped. Cancel-safe.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::send_bytes`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        while !self.outgoing.is_empty() {
            let (first, second) = self.outgoing.as_slices();
            let mut parts = [IoSlice::new(first), IoSlice::new(second)];
            let stream = self.connection.sending_end()?;
            match stream.write_all(&mut parts, None, Deadline::after(NOW)) {
                Ok(()) => self.outgoing.clear(),
                Err(Error::TimedOut) => self.writable().await?,
                Err(Error::Cut { sent, .. }) => drop(self.outgoing.drain(..sent)),
                Err(error) => return Err(error),
            }
        }
        // Do not keep the memory of a large message for ever.
        self.outgoing.shrink_to(64 << 10);
        Ok(())
    }

    async fn readable(&self) -> io::Result<()> {
        let mut guard = self.ready.readable().await?;
        // New bytes may have come since the call found none. The guard knows, and
        // then keeps the readiness.
        if !self.look(PollFlags::IN)? {
            guard.clear_ready();
        }
        Ok(())
    }

    async fn writable(&self) -> io::Result<()> {
        let mut guard = self.ready.writable().await?;
        if !self.look(PollFlags::OUT)? {
            guard.clear_ready();
        }
        Ok(())
    }

    fn look(&self, wanted: PollFlags) -> io::Result<bool> {
        super::wait::ready(self.ready.as_fd(), wanted, Deadline::after(NOW))
    }
}

impl fmt::Debug for AsyncConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncConnection")
            .field("connection", &self.connection)
            .field("outgoing", &self.outgoing.len())
            .finish_non_exhaustive()
    }
}
