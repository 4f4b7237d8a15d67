//! What a request is answered with.

use std::sync::Arc;

use super::exception::Exception;
use crate::message::write_reply;
use crate::shared::{Item, Served};
use inert_pickle::{self as pickle, Value};

/// An answer, in the manager's five kinds less the one for what only pools and
/// dictionaries return.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The method returned this.
    Return(Value),
    /// The method returned an item that has left its queue.
    Item(Handed),
    /// The method raised this.
    Raise(Exception),
    /// The manager itself could not do what was asked.
    Fail(String),
    /// What was asked for cannot be sent.
    Unsendable(String),
}

/// An item on its way to a client, and where it goes if it does not arrive.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) item: Value,
    pub(crate) from: Arc<Served>,
}

impl Handed {
    pub(crate) fn put_back(self) {
        self.from.queue.put_back(Item(self.item));
    }
}

impl Reply {
    /// The manager's own failure.
    pub(crate) fn failure(exception: &Exception) -> Self {
        Reply::Fail(exception.to_traceback())
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>, protocol: u8) -> Result<(), pickle::Error> {
        match self {
            Reply::Return(value) => write_reply(out, "#RETURN", value, protocol),
            Reply::Item(handed) => write_reply(out, "#RETURN", &handed.item, protocol),
            Reply::Raise(exception) => write_reply(out, "#ERROR", &exception.to_value(), protocol),
            Reply::Fail(text) => write_reply(out, "#TRACEBACK", &native(text, protocol), protocol),
            Reply::Unsendable(text) => {
                write_reply(out, "#UNSERIALIZABLE", &native(text, protocol), protocol)
            }
        }
    }
}

/// A text that is Python's own `str`, which in Python 2 (protocol 2) is not
/// the `unicode` that texts are sent as; it insists on that for a traceback.
fn native(text: &str, protocol: u8) -> Value {
    if protocol > 2 {
        return text.into();
    }
    // A `str` of Python 2 is only ever read, not made: so one is written by
    // hand (PROTO 2, BINSTRING, STOP) and read. Its characters are ASCII.
    let mut ascii = String::new();
    for c in text.chars() {
        match c.is_ascii() {
            true => ascii.push(c),
            false => ascii.extend(c.escape_unicode()),
        }
    }
    let length = u32::try_from(ascii.len()).unwrap_or_default();
    let pickle = [
        b"\x80\x02T",
        &length.to_le_bytes()[..],
        ascii.as_bytes(),
        b".",
    ]
    .concat();
    pickle::read(&pickle, &pickle::Limits::default()).unwrap_or_else(|_| text.into())
}
