//! The frame of a message: its length, then its bytes.
//!
//! The same as in CPython's `Lib/multiprocessing/connection.py`: the length is a
//! signed 32-bit number, big-endian. A length above 2,147,483,647 is sent as -1
//! followed by an unsigned 64-bit number.

use super::Error;

/// The greatest length that the short form can hold.
const SHORT_MAX: u64 = 0x7fff_ffff;

/// The size of the longer form, in bytes.
pub const LONGEST: usize = 12;

/// The length prefix of a message: an array, and how many of its bytes to send.
pub fn header(length: usize) -> ([u8; LONGEST], usize) {
    let mut bytes = [0; LONGEST];
    let length = length as u64;
    if length <= SHORT_MAX {
        // No truncation: see the comparison.
        bytes[..4].copy_from_slice(&(length as u32).to_be_bytes());
        (bytes, 4)
    } else {
        bytes[..4].copy_from_slice(&(-1_i32).to_be_bytes());
        bytes[4..].copy_from_slice(&length.to_be_bytes());
        (bytes, LONGEST)
    }
}

/// What the bytes at the beginning of a message say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Nothing yet: this many bytes are needed.
    Needs(usize),
    /// The header is complete.
    Length {
        /// The length of the message.
        length: u64,
        /// The size of the header, after which the message begins.
        header: usize,
    },
}

/// Reads the length prefix at the beginning of `bytes`.
///
/// # Errors
///
/// [`Error::BadLength`]: the peer speaks another protocol.
pub fn parse(bytes: &[u8]) -> Result<Header, Error> {
    let Some((short, rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(Header::Needs(4));
    };
    match i32::from_be_bytes(*short) {
        -1 => match rest.first_chunk::<8>() {
            Some(long) => Ok(Header::Length {
                length: u64::from_be_bytes(*long),
                header: LONGEST,
            }),
            None => Ok(Header::Needs(LONGEST)),
        },
        length => match u64::try_from(length) {
            Ok(length) => Ok(Header::Length { length, header: 4 }),
            Err(_) => Err(Error::BadLength(length.into())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        let (bytes, size) = header(length);
        bytes[..size].to_vec()
    }

    #[test]
    fn the_long_form_begins_above_2_gib() {
        assert_eq!(bytes(0), [0, 0, 0, 0]);
        assert_eq!(bytes(0x1_0203), [0, 1, 2, 3]);
        assert_eq!(bytes(0x7fff_ffff), [0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(
            bytes(0x8000_0000),
            [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0]
        );
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 4096, 0x7fff_ffff, 0x8000_0000, 1 << 40] {
            let sent = bytes(length);
            let header = sent.len();
            let length = length as u64;
            assert_eq!(parse(&sent).unwrap(), Header::Length { length, header });
            for cut in 0..header {
                let needs = if cut < 4 { 4 } else { LONGEST };
                assert_eq!(parse(&sent[..cut]).unwrap(), Header::Needs(needs));
            }
        }
    }

    #[test]
    fn a_negative_length_is_refused() {
        for length in [-2, i32::MIN] {
            let error = parse(&length.to_be_bytes()).unwrap_err();
            assert_eq!(error.to_string(), format!("bad message length {length}"));
        }
    }
}
