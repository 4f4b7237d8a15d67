//! What can go wrong with a pickle.

use thiserror::Error;

/// Why a pickle cannot be read, written or taken apart.
///
/// ```
/// use inert_pickle::{Error, Limits, read};
///
/// let cut = read(b"\x80\x04K", &Limits::default()).unwrap_err();
/// assert_eq!(cut, Error::Truncated { at: 2 });
/// assert_eq!(cut.to_string(), "pickle truncated at byte 2");
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The message ends inside an opcode or before STOP.
    #[error("pickle truncated at byte {at}")]
    Truncated {
        /// Where in the message.
        at: usize,
    },
    /// The message is longer than [`Limits::message`](super::Limits::message).
    #[error("pickle of {size} bytes is longer than the limit of {limit}")]
    Size {
        /// Bytes in the message.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More parts than [`Limits::parts`](super::Limits::parts).
    #[error("pickle has more than the limit of {limit} parts")]
    Parts {
        /// Parts allowed.
        limit: usize,
    },
    /// Values nested deeper than [`Limits::depth`](super::Limits::depth).
    #[error("pickle is nested deeper than the limit of {limit} levels")]
    Depth {
        /// Levels allowed.
        limit: usize,
    },
    /// A protocol above 5, or one below 2 to be written.
    #[error("pickle protocol {0} is not supported")]
    Protocol(u8),
    /// An opcode that is unknown, or refused because it would need to run something.
    #[error("pickle opcode {opcode:#04x} at byte {at} is not accepted")]
    Opcode {
        /// The opcode.
        opcode: u8,
        /// Where in the message.
        at: usize,
    },
    /// An opcode that does not fit what is on the stack.
    #[error("pickle at byte {at}: {what}")]
    Malformed {
        /// Where in the message.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A reference to something that was never stored.
    #[error("pickle at byte {at}: no memo entry {index}")]
    Memo {
        /// Where in the message.
        at: usize,
        /// The entry asked for.
        index: u32,
    },
    /// A value that the wanted protocol cannot express.
    #[error("cannot be written at pickle protocol {protocol}: {what}")]
    Unwritable {
        /// The protocol asked for.
        protocol: u8,
        /// What is in the way.
        what: &'static str,
    },
    /// A value of another type than the one wanted.
    #[error("{0}")]
    Data(String),
}
