//! The body of a message, to where the caller wants it. What is received before a call
//! fails is kept.

use super::{FIRST, Incoming, or_end};
use crate::codec::{PREFIX, Received, read_whole};
use crate::connection::Error;
use crate::connection::stream::Stream;
use crate::deadline::Deadline;
use crate::room::Room;

impl Incoming {
    /// The body of the message that [`begin`](Self::begin) announced, if all of it was
    /// received ahead. It is taken.
    pub(in crate::connection) fn take_here(&mut self, length: usize) -> Option<&[u8]> {
        if !self.body.is_empty() || self.unread().len() < length {
            return None;
        }
        let start = self.start;
        self.advance(length);
        // Closes a descriptor that nobody asked for.
        drop(self.finish());
        Some(&self.ahead[start..start + length])
    }

    /// Receives the message that [`begin`](Self::begin) announced as a vector of numbers
    /// or a text, to where it stays. `None`, with nothing changed, if `T` is anything
    /// else, or the message has to be seen whole first.
    pub(in crate::connection) fn take_value<T>(
        &mut self,
        length: usize,
        stream: &Stream,
        deadline: Deadline,
    ) -> Option<Result<T, Error>> {
        // All the memory is taken at once: only where that is no news.
        if length > self.longest.max(FIRST) || !self.body.is_empty() {
            return None;
        }
        let mut start = [0; PREFIX];
        let here = self.unread().len().min(length).min(PREFIX);
        start[..here].copy_from_slice(&self.unread()[..here]);
        let mut failed = None;
        let value = read_whole(&start[..here], length, &mut |prefix, room| {
            self.advance(prefix);
            match self.take_room(room, stream, deadline) {
                Ok(()) => drop(self.finish()),
                Err(error) => {
                    self.body = [&start[..prefix], room.filled()].concat();
                    let received = self.body.len();
                    failed = Some(match error {
                        Error::CutShort { .. } => Error::CutShort { received },
                        other => other,
                    });
                }
            }
            failed.is_none()
        })?;
        Some(match failed {
            Some(error) => Err(error),
            None => value.and_then(Received::check).map_err(Error::from),
        })
    }

    /// Receives the body of the message that [`begin`](Self::begin) announced
    /// into `body`, which is empty but may have capacity.
    pub(in crate::connection) fn take(
        &mut self,
        body: &mut Vec<u8>,
        length: usize,
        stream: &Stream,
        deadline: Deadline,
    ) -> Result<(), Error> {
        if !self.body.is_empty() {
            *body = std::mem::take(&mut self.body);
        }
        let taken = self.append(body, length, stream, deadline);
        if taken.is_err() {
            self.body = std::mem::take(body);
        }
        taken
    }

    fn append(
        &mut self,
        body: &mut Vec<u8>,
        length: usize,
        stream: &Stream,
        deadline: Deadline,
    ) -> Result<(), Error> {
        while body.len() < length {
            let missing = length - body.len();
            if body.len() == body.capacity() {
                let more = missing.min(body.len().max(FIRST).max(self.longest));
                let room = body.try_reserve_exact(more);
                room.map_err(|_| Error::NoMemory(length))?;
            }
            let room = missing.min(body.capacity() - body.len());
            let count = if self.holds_input() {
                let unread = self.unread();
                let count = room.min(unread.len());
                body.extend_from_slice(&unread[..count]);
                self.advance(count);
                count
            } else {
                stream.acknowledge();
                let count = or_end(stream.read_spare(body, room, deadline))?;
                self.position += count as u64;
                count
            };
            if count == 0 {
                let received = body.len();
                return Err(Error::CutShort { received });
            }
        }
        Ok(())
    }

    /// Like [`take`](Self::take), into a `buffer` of exactly that length.
    pub(in crate::connection) fn take_into(
        &mut self,
        buffer: &mut [u8],
        stream: &Stream,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let mut room = Room::over(buffer);
        room.put(&std::mem::take(&mut self.body));
        let taken = self.take_room(&mut room, stream, deadline);
        if taken.is_err() {
            self.body = room.filled().to_vec();
        }
        taken
    }

    /// Fills what is missing of `room` with the body, and nothing else.
    fn take_room(
        &mut self,
        room: &mut Room<'_>,
        stream: &Stream,
        deadline: Deadline,
    ) -> Result<(), Error> {
        while room.missing() > 0 {
            if self.holds_input() {
                let count = room.put(self.unread());
                self.advance(count);
                continue;
            }
            stream.acknowledge();
            let count = or_end(stream.read_room(room, deadline))?;
            self.position += count as u64;
            if count == 0 {
                let received = room.filled().len();
                return Err(Error::CutShort { received });
            }
        }
        Ok(())
    }
}
