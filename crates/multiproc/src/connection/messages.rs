//! Sending and receiving bytes and values.

use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::announce::ANNOUNCEMENT;
use super::{Connection, Error, frame};
use crate::codec::{as_whole, decode, encode, with_scratch};
use crate::deadline::Deadline;

/// Up to this size, copying a message next to its length is cheaper than passing
/// the kernel two buffers.
const SMALL: usize = 256;

/// From this size on, copying what can be sent from where it is costs more than two
/// buffers more.
const LARGE: usize = 16 << 10;

impl Connection {
    /// Sends one message. Blocks while the pipe is full: a slow reader holds up
    /// the sender rather than filling memory.
    ///
    /// # Errors
    ///
    /// [`Error::BrokenPipe`] if nobody can receive it.
    pub fn send_bytes(&mut self, message: &[u8]) -> Result<(), Error> {
        self.transmit([message, &[]], None, Deadline::NEVER)
    }

    /// Like [`send_bytes`](Self::send_bytes), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`]: nothing was sent. [`Error::Cut`]: a part was sent, and
    /// this end can send no more.
    pub fn send_bytes_timeout(&mut self, message: &[u8], timeout: Duration) -> Result<(), Error> {
        self.transmit([message, &[]], None, Deadline::after(timeout))
    }

    /// Sends a value, serialised by [`codec`](crate::codec).
    ///
    /// # Errors
    ///
    /// As [`send_bytes`](Self::send_bytes), and [`Error::Codec`].
    pub fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.send_until(value, Deadline::NEVER)
    }

    /// Like [`send`](Self::send), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send) and
    /// [`send_bytes_timeout`](Self::send_bytes_timeout).
    pub fn send_timeout<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        timeout: Duration,
    ) -> Result<(), Error> {
        self.send_until(value, Deadline::after(timeout))
    }

    fn send_until<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        deadline: Deadline,
    ) -> Result<(), Error> {
        if let Some((prefix, size, bytes)) = as_whole(value, LARGE) {
            return self.transmit([&prefix[..size], bytes], None, deadline);
        }
        with_scratch(|bytes| {
            // Room for the header: two buffers cost the kernel more than one.
            bytes.resize(frame::LONGEST, 0);
            encode(value, bytes)?;
            let (header, size) = frame::header(bytes.len() - frame::LONGEST);
            let begin = frame::LONGEST - size;
            bytes[begin..frame::LONGEST].copy_from_slice(&header[..size]);
            self.write(&mut [IoSlice::new(&bytes[begin..])], None, deadline)
        })
    }

    /// Receives one message, however long it takes.
    ///
    /// # Errors
    ///
    /// [`Error::EndOfFile`] if the other end is closed and everything that was
    /// sent is received, [`Error::CutShort`] if the sender died in the middle of a
    /// message, [`Error::TooLarge`] if it exceeds the [limit](Self::set_limit).
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>, Error> {
        self.receive(self.limit, Deadline::NEVER)
    }

    /// Like [`recv_bytes`](Self::recv_bytes), with another limit for this call.
    ///
    /// # Errors
    ///
    /// As [`recv_bytes`](Self::recv_bytes).
    pub fn recv_bytes_max(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        self.receive(limit, Deadline::NEVER)
    }

    /// Like [`recv_bytes`](Self::recv_bytes); the whole message must come
    /// within `timeout`.
    ///
    /// # Errors
    ///
    /// As `recv_bytes`, and [`Error::TimedOut`], after which the next call goes on
    /// where this one stopped.
    pub fn recv_bytes_timeout(&mut self, timeout: Duration) -> Result<Vec<u8>, Error> {
        self.receive(self.limit, Deadline::after(timeout))
    }

    /// Receives one message into the beginning of `buffer` and returns its
    /// length, without allocating.
    ///
    /// # Errors
    ///
    /// As [`recv_bytes`](Self::recv_bytes), and [`Error::BufferTooShort`], which
    /// holds the whole message.
    pub fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.receive_into(buffer, Deadline::NEVER)
    }

    /// Like [`recv_bytes_into`](Self::recv_bytes_into) and
    /// [`recv_bytes_timeout`](Self::recv_bytes_timeout).
    ///
    /// # Errors
    ///
    /// As both.
    pub fn recv_bytes_into_timeout(
        &mut self,
        buffer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, Error> {
        self.receive_into(buffer, Deadline::after(timeout))
    }

    /// Receives a value. Its type is not sent: both sides must agree on it.
    ///
    /// # Errors
    ///
    /// As [`recv_bytes`](Self::recv_bytes), and [`Error::Codec`] if the message is
    /// not a `T`; it is lost then.
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        self.recv_until(Deadline::NEVER)
    }

    /// Like [`recv`](Self::recv) and
    /// [`recv_bytes_timeout`](Self::recv_bytes_timeout).
    ///
    /// # Errors
    ///
    /// As both.
    pub fn recv_timeout<T: DeserializeOwned>(&mut self, timeout: Duration) -> Result<T, Error> {
        self.recv_until(Deadline::after(timeout))
    }

    fn recv_until<T: DeserializeOwned>(&mut self, deadline: Deadline) -> Result<T, Error> {
        self.receiving_end()?;
        let stream = self.stream.as_ref().ok_or(Error::Closed)?;
        let length = self.incoming.begin(stream, self.limit, deadline)?;
        if let Some(bytes) = self.incoming.take_here(length) {
            return Ok(decode(bytes)?);
        }
        if let Some(value) = self.incoming.take_value(length, stream, deadline) {
            return value;
        }
        with_scratch(|bytes| {
            self.receive_to(bytes, self.limit, deadline)?;
            Ok(decode(bytes)?)
        })
    }

    /// Sends the length, the message, which is in two parts, and perhaps a descriptor.
    pub(super) fn transmit(
        &mut self,
        [first, second]: [&[u8]; 2],
        fd: Option<BorrowedFd<'_>>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        if fd.is_some() {
            // Tells the peer that the next message brings a descriptor.
            self.write(&mut [IoSlice::new(&ANNOUNCEMENT)], None, deadline)?;
        }
        let length = first.len() + second.len();
        let (header, size) = frame::header(length);
        if length > SMALL {
            let mut parts = [&header[..size], first, second].map(IoSlice::new);
            let count = if second.is_empty() { 2 } else { 3 };
            return self.write(&mut parts[..count], fd, deadline);
        }
        let mut whole = [0; frame::LONGEST + SMALL];
        let mut end = 0;
        for part in [&header[..size], first, second] {
            whole[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        }
        self.write(&mut [IoSlice::new(&whole[..end])], fd, deadline)
    }

    fn write(
        &mut self,
        parts: &mut [IoSlice<'_>],
        fd: Option<BorrowedFd<'_>>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let sent = self.sending_end()?.write_all(parts, fd, deadline);
        if let Err(Error::Cut { .. }) = sent {
            self.stop_sending();
        }
        sent
    }

    /// Called when a message was cut short: the peer would take whatever followed
    /// for the rest of it.
    fn stop_sending(&mut self) {
        self.writable = false;
        match &self.stream {
            Some(stream) if stream.is_socket() => stream.shut_down_writing(),
            _ => self.close(),
        }
    }

    pub(super) fn receive(&mut self, limit: usize, deadline: Deadline) -> Result<Vec<u8>, Error> {
        let mut message = Vec::new();
        self.receive_to(&mut message, limit, deadline)?;
        Ok(message)
    }

    /// Receives one message into `message`, which is empty but may have capacity.
    fn receive_to(
        &mut self,
        message: &mut Vec<u8>,
        limit: usize,
        deadline: Deadline,
    ) -> Result<(), Error> {
        self.receiving_end()?;
        let stream = self.stream.as_ref().ok_or(Error::Closed)?;
        let length = self.incoming.begin(stream, limit, deadline)?;
        self.incoming.take(message, length, stream, deadline)?;
        // Closes a descriptor that nobody asked for.
        drop(self.incoming.finish());
        Ok(())
    }

    fn receive_into(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Error> {
        self.receiving_end()?;
        let stream = self.stream.as_ref().ok_or(Error::Closed)?;
        let length = self.incoming.begin(stream, self.limit, deadline)?;
        if let Some(buffer) = buffer.get_mut(..length) {
            self.incoming.take_into(buffer, stream, deadline)?;
            drop(self.incoming.finish());
            return Ok(length);
        }
        let message = self.receive(self.limit, deadline)?;
        Err(Error::BufferTooShort {
            message,
            buffer: buffer.len(),
        })
    }
}
