//! Sending a connection through a connection (`SCM_RIGHTS`, unix(7)).
//!
//! The kernel gives the receiver its own descriptor for the same end of the
//! pipe. It travels with the first byte of a message that holds the rest: the
//! directions, and what the sender had received ahead; the message is
//! [announced](super::announce).
//!
//! A peer may attach descriptors to anything. One that no call asked for is
//! closed when its message is taken. If a message brings several, all are closed,
//! by the kernel if there is no room for them. A descriptor that is neither a
//! pipe nor a stream socket is refused.

use std::os::fd::AsFd;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::incoming::Incoming;
use super::{Connection, Error};
use crate::codec::{decode, encode};
use crate::deadline::Deadline;

/// Marks a message that passes a connection.
const MARK: &[u8] = b"\xffconnection";

#[derive(Serialize, Deserialize)]
struct Passed {
    readable: bool,
    writable: bool,
    read_ahead: bool,
    /// Bytes received and not yet given out.
    received: Vec<u8>,
}

impl Connection {
    /// Sends `connection` to the peer, which receives it by
    /// [`recv_connection`](Self::recv_connection). It is moved: this process no
    /// longer has it.
    ///
    /// The peer must be a program that uses this module: Python's
    /// `send(connection)` works differently, through a server thread.
    ///
    /// # Errors
    ///
    /// [`Error::NotUnixSocket`] over a one-way pipe; otherwise as
    /// [`send_bytes`](Self::send_bytes). The connection is closed then.
    pub fn send_connection(&mut self, connection: Connection) -> Result<(), Error> {
        self.pass(connection, Deadline::NEVER)
    }

    /// Like [`send_connection`](Self::send_connection), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`send_connection`](Self::send_connection), and [`Error::TimedOut`].
    pub fn send_connection_timeout(
        &mut self,
        connection: Connection,
        timeout: Duration,
    ) -> Result<(), Error> {
        self.pass(connection, Deadline::after(timeout))
    }

    /// Receives a connection.
    ///
    /// # Errors
    ///
    /// [`Error::NotAConnection`], with the message, if it is something else;
    /// [`Error::NoDescriptor`]; otherwise as [`recv_bytes`](Self::recv_bytes).
    pub fn recv_connection(&mut self) -> Result<Connection, Error> {
        self.take_passed(Deadline::NEVER)
    }

    /// Like [`recv_connection`](Self::recv_connection) and
    /// [`recv_bytes_timeout`](Self::recv_bytes_timeout).
    ///
    /// # Errors
    ///
    /// As both.
    pub fn recv_connection_timeout(&mut self, timeout: Duration) -> Result<Connection, Error> {
        self.take_passed(Deadline::after(timeout))
    }

    fn pass(&mut self, mut connection: Connection, deadline: Deadline) -> Result<(), Error> {
        if !self.sending_end()?.is_unix_socket() {
            return Err(Error::NotUnixSocket);
        }
        let passed = connection.stream.as_ref().ok_or(Error::Closed)?;
        let received = connection.incoming.received();
        if connection.incoming.holds_fds() {
            return Err(Error::ReadAhead(received.len()));
        }
        let mut message = MARK.to_vec();
        let passing = Passed {
            readable: connection.readable,
            writable: connection.writable,
            read_ahead: connection.incoming.reads_ahead(),
            received,
        };
        encode(&passing, &mut message)?;
        self.transmit([&message, &[]], Some(passed.as_fd()), deadline)?;
        // The peer has it now: closed here, but not hung up.
        connection.stream = None;
        Ok(())
    }

    fn take_passed(&mut self, deadline: Deadline) -> Result<Connection, Error> {
        self.receiving_end()?;
        let stream = self.stream.as_ref().ok_or(Error::Closed)?;
        let length = self.incoming.begin(stream, self.limit, deadline)?;
        let mut message = Vec::new();
        self.incoming.take(&mut message, length, stream, deadline)?;
        let fd = self.incoming.finish();
        let Some(body) = message.strip_prefix(MARK) else {
            return Err(Error::NotAConnection(message));
        };
        let passed: Passed = decode(body)?;
        let fd = fd.ok_or(Error::NoDescriptor)?;
        let mut connection = Connection::from_fd(fd).map_err(|_| Error::NoDescriptor)?;
        // A peer cannot claim more than the descriptor can do.
        connection.readable &= passed.readable;
        connection.writable &= passed.writable;
        connection.incoming = Incoming::new(passed.received, passed.read_ahead);
        Ok(connection)
    }
}
