//! Sending a connection through a connection (`SCM_RIGHTS`, unix(7)).
//!
//! The kernel gives the receiver a descriptor of its own for the same pipe's
//! end. It travels with the first byte of a message that holds the rest: the
//! directions, and what the sender had received ahead.
//!
//! A peer may attach descriptors to anything. Those that no call asked for are
//! closed when the message is taken, further ones of the same message at once,
//! and what control data the buffer has no room for the kernel closes; a
//! descriptor that is neither a pipe nor a stream socket is refused.

use std::os::fd::AsFd;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::incoming::Incoming;
use super::{Connection, Error};
use crate::codec::{decode, encode};
use crate::deadline::Deadline;

/// Tells a connection from any other message.
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
    /// Sends `connection` to the peer, who gets it by
    /// [`recv_connection`](Self::recv_connection). It is moved: this process
    /// has it no longer.
    ///
    /// The peer has to be a program that uses this module: Python's
    /// `send(connection)` has another way, through a server thread.
    ///
    /// # Errors
    ///
    /// [`Error::NotUnixSocket`] over a one-way pipe; else as
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
    /// [`Error::NotAConnection`] with the message, where it is another one;
    /// [`Error::NoDescriptor`]; else as [`recv_bytes`](Self::recv_bytes).
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

    fn pass(&mut self, connection: Connection, deadline: Deadline) -> Result<(), Error> {
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
        self.transmit(&message, Some(passed.as_fd()), deadline)
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
        // What the descriptor cannot do, no peer can make it do.
        connection.readable &= passed.readable;
        connection.writable &= passed.writable;
        connection.incoming = Incoming::new(passed.received, passed.read_ahead);
        Ok(connection)
    }
}
