//! What is fuzzed: functions that take any bytes, and panic if a promise is broken. See
//! `fuzz/README.md`; [`inputs`] draws such bytes from a seed.
#![forbid(unsafe_code)]

mod handshake;
pub mod inputs;
mod pickle;

use std::io::Write;
use std::os::unix::net::UnixStream;

use multiproc::connection::{Connection, Error, frame};

pub use handshake::handshake;
pub use pickle::pickle;

/// The length before a message: what is read is what was written.
pub fn frame(data: &[u8]) {
    if let Ok(frame::Header::Length { length, header }) = frame::parse(data) {
        assert!(header <= data.len(), "a header that is not there yet");
        let Ok(length) = usize::try_from(length) else {
            return;
        };
        let (bytes, size) = frame::header(length);
        let again = frame::parse(&bytes[..size]);
        let same =
            matches!(again, Ok(frame::Header::Length { length: l, .. }) if l == length as u64);
        assert!(same, "{length} was written as {:?}", &bytes[..size]);
    }
}

/// A peer that sends these bytes and is gone: messages come out, as bytes or as values,
/// then an error; never more than was allowed.
pub fn connection(data: &[u8]) {
    const LIMIT: usize = 8000;
    // More than a socket takes at once would wait for its reader.
    let data = &data[..data.len().min(16 << 10)];
    let Ok((mut peer, ours)) = UnixStream::pair() else {
        return;
    };
    if peer.write_all(data).is_err() {
        return;
    }
    drop(peer);
    let Ok(mut connection) = Connection::from_fd(ours) else {
        return;
    };
    connection.set_limit(LIMIT);
    let mut left = data.len();
    loop {
        let message = match data.last() {
            Some(byte) if byte % 3 == 1 => connection.recv::<String>().map(|text| text.len()),
            Some(byte) if byte % 3 == 2 => connection.recv::<Vec<u32>>().map(|vec| 4 * vec.len()),
            _ => connection.recv_bytes().map(|bytes| bytes.len()),
        };
        let length = match message {
            Ok(length) => length,
            // The message is lost, and the next one comes.
            Err(Error::Codec(_)) => 0,
            Err(_) => return,
        };
        assert!(length <= LIMIT, "longer than the limit");
        let taken = left.checked_sub(4 + length);
        left = taken.expect("no more messages than were sent");
    }
}
