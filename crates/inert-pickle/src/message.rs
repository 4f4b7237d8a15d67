//! The manager's two message shapes, and the exceptions that travel in them.

use super::arena::Node;
use super::value::Place;
use super::writer::{Writer, pickle};
use super::{Error, Items, Pairs, Value, opcode as op};

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
        let parts: [u32; 4] = parts(value).ok_or(Error::Message("not a tuple of four"))?;
        let Place::In(arena, _) = &value.0 else {
            return Err(Error::Message("not a tuple"));
        };
        let ident = match arena.node(parts[0]) {
            Node::None => None,
            _ => Some(text(value, parts[0]).ok_or(Error::Message("an ident that is not a str"))?),
        };
        let method = text(value, parts[1]).ok_or(Error::Message("a method that is not a str"))?;
        let (Node::Tuple(args), Node::Dict(kwargs)) = (arena.node(parts[2]), arena.node(parts[3]))
        else {
            return Err(Error::Message("arguments that are not a tuple and a dict"));
        };
        let kwargs = Pairs {
            arena,
            ids: arena.links(kwargs),
        };
        if kwargs.clone().any(|(key, _)| key.as_str().is_none()) {
            return Err(Error::Message("a keyword that is not a str"));
        }
        Ok(Request {
            ident,
            method,
            args: Items {
                arena,
                ids: arena.links(args),
            },
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
    /// [`Error::Message`] when the value is not of that shape.
    pub fn of(value: &'a Value) -> Result<Reply<'a>, Error> {
        let [kind, content] = parts(value).ok_or(Error::Message("not a tuple of two"))?;
        let Place::In(arena, _) = &value.0 else {
            return Err(Error::Message("not a tuple"));
        };
        let kind = text(value, kind).ok_or(Error::Message("a kind that is not a str"))?;
        Ok(Reply {
            kind,
            value: Value::at(arena, content),
        })
    }
}

fn parts<const N: usize>(value: &Value) -> Option<[u32; N]> {
    match (&value.0, value.node()) {
        (Place::In(arena, _), Node::Tuple(seq)) => arena.links(seq).try_into().ok(),
        _ => None,
    }
}

/// The str at a node of the value's arena.
fn text(value: &Value, id: u32) -> Option<&str> {
    let Place::In(arena, _) = &value.0 else {
        return None;
    };
    match arena.node(id) {
        Node::Str(span) => std::str::from_utf8(arena.bytes(span)).ok(),
        Node::Native(span) => str_of_ascii(arena.bytes(span)),
        _ => None,
    }
}

fn str_of_ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.is_ascii())
}

/// Appends a request to `out`; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](fn@super::write).
pub fn write_request(
    out: &mut Vec<u8>,
    ident: Option<&str>,
    method: &str,
    args: &[Value],
    kwargs: &[(&str, Value)],
    protocol: u8,
) -> Result<(), Error> {
    pickle(out, protocol, |writer| {
        writer.out.push(op::MARK);
        match ident {
            Some(ident) => writer.str(ident.as_bytes()),
            None => writer.out.push(op::NONE),
        }
        writer.str(method.as_bytes());
        arguments(writer, args)?;
        writer.out.push(op::EMPTY_DICT);
        for (name, value) in kwargs {
            writer.str(name.as_bytes());
            writer.value(value)?;
            writer.out.push(op::SETITEM);
        }
        writer.out.push(op::TUPLE);
        Ok(())
    })
}

fn arguments<'v>(writer: &mut Writer<'_, 'v>, args: &'v [Value]) -> Result<(), Error> {
    if args.len() > 3 {
        writer.out.push(op::MARK);
    }
    for arg in args {
        writer.value(arg)?;
    }
    writer.out.push(match args.len() {
        0 => op::EMPTY_TUPLE,
        1 => op::TUPLE1,
        2 => op::TUPLE2,
        3 => op::TUPLE3,
        _ => op::TUPLE,
    });
    Ok(())
}

/// Appends a reply to `out`; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](fn@super::write).
pub fn write_reply(
    out: &mut Vec<u8>,
    kind: &str,
    value: &Value,
    protocol: u8,
) -> Result<(), Error> {
    pickle(out, protocol, |writer| {
        writer.str(kind.as_bytes());
        writer.value(value)?;
        writer.out.push(op::TUPLE2);
        Ok(())
    })
}
