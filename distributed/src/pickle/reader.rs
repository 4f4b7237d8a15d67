//! Reads a pickle.

use super::{Error, Limits, Value};

/// A reader that keeps its working memory from one message to the next.
#[derive(Debug, Default)]
pub struct Reader {
    _limits: Limits,
}

impl Reader {
    /// A reader with these limits.
    pub fn new(limits: Limits) -> Reader {
        Reader { _limits: limits }
    }

    /// Reads one message.
    ///
    /// # Errors
    /// Whatever is wrong with the message or beyond the limits.
    pub fn read(&mut self, message: &[u8]) -> Result<Value, Error> {
        let _ = message;
        unimplemented!()
    }
}

/// Reads one message with a reader of its own.
///
/// # Errors
/// As [`Reader::read`].
pub fn read(message: &[u8], limits: &Limits) -> Result<Value, Error> {
    Reader::new(*limits).read(message)
}

/// The protocol that a pickle states: 0 when it states none.
pub fn protocol_of(message: &[u8]) -> u8 {
    match message {
        [0x80, protocol, ..] => *protocol,
        _ => 0,
    }
}
