//! The manager's two message shapes.

use super::{Error, Items, Pairs, Value};

/// A request `(ident, method, args, kwargs)`, taken apart.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The object called; none for a one-shot request.
    pub ident: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// Positional arguments.
    pub args: Items<'a>,
    /// Keyword arguments: the keys are strings.
    pub kwargs: Pairs<'a>,
}

impl<'a> Request<'a> {
    /// Takes a request apart.
    ///
    /// # Errors
    /// [`Error::Message`] when the value is not of that shape.
    pub fn of(value: &'a Value) -> Result<Request<'a>, Error> {
        let _ = value;
        unimplemented!()
    }

    /// The argument at `position`, or else the one named `name`.
    pub fn argument(&self, position: usize, name: &str) -> Option<Value> {
        let _ = (position, name);
        unimplemented!()
    }
}

/// A reply `(kind, value)`, taken apart.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    /// `#RETURN`, `#ERROR`, `#TRACEBACK`, …
    pub kind: &'a str,
    /// What came with it.
    pub value: Value,
}

impl<'a> Reply<'a> {
    /// Takes a reply apart.
    ///
    /// # Errors
    /// [`Error::Message`] when the value is not of that shape.
    pub fn of(value: &'a Value) -> Result<Reply<'a>, Error> {
        let _ = value;
        unimplemented!()
    }
}

/// Appends a request to `out`; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](super::write).
pub fn write_request(
    out: &mut Vec<u8>,
    ident: Option<&str>,
    method: &str,
    args: &[Value],
    kwargs: &[(&str, Value)],
    protocol: u8,
) -> Result<(), Error> {
    let _ = (out, ident, method, args, kwargs, protocol);
    unimplemented!()
}

/// Appends a reply to `out`; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](super::write).
pub fn write_reply(
    out: &mut Vec<u8>,
    kind: &str,
    value: &Value,
    protocol: u8,
) -> Result<(), Error> {
    let _ = (out, kind, value, protocol);
    unimplemented!()
}
