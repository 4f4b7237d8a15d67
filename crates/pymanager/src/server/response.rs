//! What a request is answered with.

use crate::object::{Era, Exception, KnowsShutDown, Lent};
use multiproc::connection::auth::Peer;

use crate::message::write_reply;
use inert_pickle::{self as pickle, Value};

/// An answer, in the manager's five kinds.
#[derive(Debug)]
pub(crate) enum Response {
    /// The method returned this.
    Return(Value),
    /// The method returned something that goes back if it does not arrive.
    Lend(Lent),
    /// The method returned a new object: its exposed methods and its token.
    Proxy(Value),
    /// The method raised this.
    Raise(Exception),
    /// The manager itself could not do what was asked.
    Fail(Exception),
    /// The same, in a text of its own.
    Explain(String),
    /// What was asked for cannot be sent.
    Unsendable(String),
}

/// What a client's Python can read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// The protocol of its pickles.
    pub(crate) protocol: u8,
    pub(crate) knows_shut_down: KnowsShutDown,
    pub(crate) era: Era,
}

impl Dialect {
    /// What a peer reads that has proven the key so, and has sent a pickle of
    /// this protocol.
    pub(crate) fn new(peer: Peer, protocol: u8) -> Self {
        let knows_shut_down = match peer {
            Peer::Old => KnowsShutDown::No,
            Peer::New if protocol >= 5 => KnowsShutDown::Yes,
            Peer::New => KnowsShutDown::Perhaps,
        };
        let era = match peer {
            Peer::New => Era::Later,
            Peer::Old if protocol <= 3 => Era::To37,
            Peer::Old => Era::To311,
        };
        Dialect {
            // The protocol of the request, but for the newest, which is of no
            // use here and unknown to most, and the oldest.
            protocol: protocol.clamp(2, 4),
            knows_shut_down,
            era,
        }
    }
}

impl Response {
    pub(crate) fn write(&self, out: &mut Vec<u8>, dialect: Dialect) -> Result<(), pickle::Error> {
        let protocol = dialect.protocol;
        match self {
            Response::Return(value) => write_reply(out, "#RETURN", value, protocol),
            Response::Lend(lent) => write_reply(out, "#RETURN", &lent.stored.value, protocol),
            Response::Proxy(value) => write_reply(out, "#PROXY", value, protocol),
            Response::Raise(exception) => {
                let exception = exception.of_era(dialect.era);
                let exception = exception.to_value(dialect.knows_shut_down);
                write_reply(out, "#ERROR", &exception, protocol)
            }
            Response::Fail(exception) => {
                let text = exception.of_era(dialect.era).to_traceback();
                write_reply(out, "#TRACEBACK", &native(&text, protocol), protocol)
            }
            Response::Explain(text) => {
                write_reply(out, "#TRACEBACK", &native(text, protocol), protocol)
            }
            Response::Unsendable(text) => {
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
