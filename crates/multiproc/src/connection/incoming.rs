//! The receiving side: from bytes to messages.
//!
//! One `recv` fetches the length and body of a small message, and whatever
//! follows, into a buffer; messages are taken from there. The body of a longer
//! message goes straight to where the caller wants it. When a call fails,
//! everything received so far is kept here, so that the next call goes on where
//! it stopped. A message that brings a descriptor is announced, and begun by
//! `recvmsg`.

mod body;

use std::io;
use std::os::fd::OwnedFd;

use super::Error;
use super::announce::{AHEAD, ANNOUNCEMENT, MARK, MARK_SIZE, PADDING};
use super::frame::{self, Header};
use super::stream::Stream;
use crate::deadline::Deadline;
use crate::room::Room;

/// How much to allocate for an announced length before its bytes come. More
/// follows only as they do, so a large announcement alone costs no memory.
const FIRST: usize = 1 << 20;

/// How far to receive ahead where messages are longer than [`AHEAD`], but not longer
/// than this: each of them comes with one call, as a small one does. Of still longer
/// ones, only the beginning is worth a copy.
const FURTHER: usize = 16 << 10;

/// How many descriptors to keep: that of the current message, and that of the
/// next one, which the same read may have brought.
const KEPT_FDS: usize = 2;

pub(super) struct Incoming {
    /// Bytes received and not yet taken: `ahead[start..end]`.
    ahead: Vec<u8>,
    start: usize,
    end: usize,
    /// How far to receive ahead now: `AHEAD` or `FURTHER`.
    reach: usize,
    /// The longest message so far: its sender has sent so much indeed.
    longest: usize,
    /// How many bytes of the stream come before `ahead[start]`.
    position: u64,
    /// How much padding is left of an announcement: the next message may bring a
    /// descriptor.
    announced: Option<usize>,
    /// The length of the current message, once its header has been taken.
    length: Option<u64>,
    /// What earlier, failed calls have received of that message.
    body: Vec<u8>,
    /// Descriptors, each with the position of the last byte of the read that
    /// brought it. The kernel ends a read after the bytes that a descriptor was
    /// sent with (unix(7)), so that byte belongs to the descriptor's message.
    fds: Vec<(u64, OwnedFd)>,
    read_ahead: bool,
}

impl Incoming {
    /// Nothing received yet, except `bytes` that another process received ahead.
    pub(super) fn new(bytes: Vec<u8>, read_ahead: bool) -> Self {
        Incoming {
            start: 0,
            end: bytes.len(),
            ahead: bytes,
            reach: AHEAD,
            longest: 0,
            position: 0,
            announced: None,
            length: None,
            body: Vec::new(),
            fds: Vec::new(),
            read_ahead,
        }
    }

    pub(super) fn stop_reading_ahead(&mut self) {
        self.read_ahead = false;
    }

    pub(super) fn reads_ahead(&self) -> bool {
        self.read_ahead
    }

    /// Whether bytes were received ahead.
    pub(super) fn holds_input(&self) -> bool {
        self.start < self.end
    }

    /// Whether a descriptor was received ahead.
    pub(super) fn holds_fds(&self) -> bool {
        !self.fds.is_empty()
    }

    /// Everything received and not yet taken, just as it came.
    pub(super) fn received(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(left) = self.announced {
            bytes.extend_from_slice(&ANNOUNCEMENT[..ANNOUNCEMENT.len() - left]);
        }
        if let Some(length) = self.length {
            // `usize` has 64 bits, so this always fits.
            let (header, size) = frame::header(usize::try_from(length).unwrap_or(usize::MAX));
            bytes.extend_from_slice(&header[..size]);
        }
        bytes.extend_from_slice(&self.body);
        bytes.extend_from_slice(self.unread());
        bytes
    }

    /// Receives the length of the next message and checks it. If it exceeds the
    /// limit, the message can still be taken with a higher one.
    pub(super) fn begin(
        &mut self,
        stream: &Stream,
        limit: usize,
        deadline: Deadline,
    ) -> Result<usize, Error> {
        let length = match self.length {
            Some(length) => length,
            None => self.header(stream, deadline)?,
        };
        self.length = Some(length);
        match usize::try_from(length) {
            // No allocation is larger than `isize::MAX` bytes.
            Ok(fits) if fits <= limit.min(isize::MAX.cast_unsigned()) => {
                let framed = fits.saturating_add(frame::LONGEST);
                if framed > FURTHER {
                    self.reach = AHEAD;
                } else if framed > AHEAD {
                    self.reach = FURTHER;
                    self.make_room();
                }
                Ok(fits)
            }
            _ => Err(Error::TooLarge { length, limit }),
        }
    }

    fn header(&mut self, stream: &Stream, deadline: Deadline) -> Result<u64, Error> {
        loop {
            self.skip_padding(stream, deadline)?;
            match frame::parse(self.unread()) {
                Ok(Header::Length { length, header }) => {
                    self.advance(header);
                    self.announced = None;
                    return Ok(length);
                }
                Ok(Header::Needs(bytes)) => self.fill(bytes, stream, deadline)?,
                Err(Error::BadLength(MARK)) if stream.is_socket() => {
                    let again = self.announced.is_some();
                    self.advance(MARK_SIZE);
                    self.announced = Some(PADDING);
                    // Never leaves the padding to another process that receives
                    // from the same end.
                    self.skip_padding(stream, deadline)?;
                    // A peer that announces without end must not hold up a call
                    // beyond its deadline.
                    if again && deadline.is_past() {
                        return Err(Error::TimedOut);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Receives what is left of an announcement, and no byte more: the next one
    /// may bring the descriptor.
    fn skip_padding(&mut self, stream: &Stream, deadline: Deadline) -> Result<(), Error> {
        while let Some(left @ 1..) = self.announced {
            let mut count = self.unread().len().min(left);
            if count > 0 {
                self.advance(count);
            } else {
                self.make_room();
                let most = left.min(AHEAD);
                let mut room = Room::over(&mut self.ahead[..most]);
                count = or_end(stream.read_room(&mut room, deadline))?;
                self.position += count as u64;
            }
            if count == 0 {
                let received = ANNOUNCEMENT.len() - left;
                return Err(Error::CutShort { received });
            }
            self.announced = Some(left - count);
        }
        Ok(())
    }

    /// Moves on to the next message. Returns the descriptor that came with this
    /// one; if several did, none.
    pub(super) fn finish(&mut self) -> Option<OwnedFd> {
        if let Some(length) = self.length.take() {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.longest = self.longest.max(length);
        }
        if self.fds.is_empty() {
            return None;
        }
        let position = self.position;
        let of_this = |(last, _): &mut (u64, OwnedFd)| *last < position;
        let mut fds = self.fds.extract_if(.., of_this).map(|(_, fd)| fd);
        let first = fds.next();
        // This takes out the rest, and closes them.
        let several = fds.count() > 0;
        first.filter(|_| !several)
    }

    fn unread(&self) -> &[u8] {
        &self.ahead[self.start..self.end]
    }

    fn advance(&mut self, count: usize) {
        self.start += count;
        self.position += count as u64;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    fn make_room(&mut self) {
        if self.ahead.len() < self.reach {
            self.ahead.resize(self.reach, 0);
        }
    }

    /// Receives until `bytes` bytes (a header's) are unread.
    fn fill(&mut self, bytes: usize, stream: &Stream, deadline: Deadline) -> Result<(), Error> {
        self.make_room();
        // Only part of a header is left: move it to the front, for as much room
        // as possible after it.
        self.ahead.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < bytes {
            let until = if self.read_ahead { self.reach } else { bytes };
            let room = &mut self.ahead[self.end..until];
            // Without reading ahead, another process may have received the
            // announcement, and have given up or died before the message came. And
            // the padding of an announcement is made for a reach of `AHEAD`.
            let may_bring_fd = self.announced.is_some() || !self.read_ahead || until > AHEAD;
            let (count, fd) = if may_bring_fd {
                match stream.read_with_fd(room, deadline) {
                    Err(Error::System(error)) if is_end(&error) => (0, None),
                    other => other?,
                }
            } else {
                (or_end(stream.read_some(room, deadline))?, None)
            };
            if count == 0 {
                return match self.end {
                    0 => Err(Error::EndOfFile),
                    received => Err(Error::CutShort { received }),
                };
            }
            self.end += count;
            if let Some(fd) = fd.filter(|_| self.fds.len() < KEPT_FDS) {
                self.fds.push((self.position + self.end as u64 - 1, fd));
            }
        }
        Ok(())
    }
}

/// A peer that closes a socket with unread data in it counts as a reset
/// connection (unix(7)), but it has only ended.
fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionReset
}

fn or_end(read: Result<usize, Error>) -> Result<usize, Error> {
    match read {
        Err(Error::System(error)) if is_end(&error) => Ok(0),
        other => other,
    }
}
