//! The manager's two message shapes: what a client sends, what it is answered.

use crate::pickle::{Composer, Error, Items, Kind, Pairs, Value};

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
    /// [`Error::Data`] when the value is not of that shape.
    pub fn of(value: &'a Value) -> Result<Request<'a>, Error> {
        let parts = tuple(value, 4).ok_or_else(|| wrong("not a tuple of four"))?;
        let ident = match parts.kind(0) {
            Some(Kind::None) => None,
            ident => Some(text(ident).ok_or_else(|| wrong("an ident that is not a str"))?),
        };
        let method = text(parts.kind(1)).ok_or_else(|| wrong("a method that is not a str"))?;
        let (Some(Kind::Tuple(args)), Some(Kind::Dict(kwargs))) = (parts.kind(2), parts.kind(3))
        else {
            return Err(wrong("arguments that are not a tuple and a dict"));
        };
        // Only their type: many keys may be one long str, which looking at each would
        // read as often.
        let is_str = |key: Kind<'_>| matches!(key, Kind::Str(_) | Kind::NativeStr(_));
        if !kwargs.keys().all(is_str) {
            return Err(wrong("a keyword that is not a str"));
        }
        Ok(Request {
            ident,
            method,
            args,
            kwargs,
        })
    }

    /// The argument at `position`, or else the one named `name`.
    pub fn argument(&self, position: usize, name: &str) -> Option<Value> {
        self.args.get(position).or_else(|| self.kwargs.get(name))
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
    /// [`Error::Data`] when the value is not of that shape.
    pub fn of(value: &'a Value) -> Result<Reply<'a>, Error> {
        let parts = tuple(value, 2).ok_or_else(|| wrong("not a tuple of two"))?;
        let kind = text(parts.kind(0)).ok_or_else(|| wrong("a kind that is not a str"))?;
        let value = parts.get(1).unwrap_or_default();
        Ok(Reply { kind, value })
    }
}

fn wrong(what: &str) -> Error {
    Error::Data(format!("not a manager message: {what}"))
}

fn tuple(value: &Value, len: usize) -> Option<Items<'_>> {
    match value.kind() {
        Kind::Tuple(parts) if parts.len() == len => Some(parts),
        _ => None,
    }
}

fn text(kind: Option<Kind<'_>>) -> Option<&str> {
    kind?.as_str()
}

/// Appends a request to `out`; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](fn@crate::pickle::write).
pub fn write_request(
    out: &mut Vec<u8>,
    ident: Option<&str>,
    method: &str,
    args: &[Value],
    kwargs: &[(&str, Value)],
    protocol: u8,
) -> Result<(), Error> {
    Composer::write(out, protocol, |request| {
        request.tuple(4, |request| {
            match ident {
                Some(ident) => request.str(ident),
                None => request.none(),
            }
            request.str(method);
            request.tuple(args.len(), |tuple| {
                args.iter().try_for_each(|arg| tuple.value(arg))
            })?;
            request.dict(|dict| {
                kwargs.iter().try_for_each(|(name, value)| {
                    dict.str(name);
                    dict.value(value)
                })
            })
        })
    })
}

/// Appends a reply to `out`; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](fn@crate::pickle::write).
pub fn write_reply(
    out: &mut Vec<u8>,
    kind: &str,
    value: &Value,
    protocol: u8,
) -> Result<(), Error> {
    Composer::write(out, protocol, |reply| {
        reply.tuple(2, |reply| {
            reply.str(kind);
            reply.value(value)
        })
    })
}
