//! What a node means to Python's `==`, `hash` and `<`: the same for all that Python holds
//! equal, whatever type it is of and however it was written.

use std::borrow::Cow;

use super::calendar::{self, Moment};
use super::number::{Number, Ratio};
use super::numpy;
use crate::arena::{Arena, BUILT, How, Id, Node, Seq};
use crate::names;

/// A value, to be compared.
#[derive(Debug)]
pub(super) enum Meaning<'a> {
    None,
    /// Equal to nothing, not to itself either.
    Nan,
    Number(Number<'a>),
    /// Equal to its real part, if it has no other; in no order.
    Complex(f64, f64),
    Str(Cow<'a, [u8]>),
    Bytes(&'a [u8], Mutable),
    /// A tuple or a named tuple.
    Tuple(Seq),
    List(Seq),
    Dict(Seq),
    Set(Seq, Mutable),
    Global(&'a str, &'a str),
    Moment(Moment),
    /// `uuid.UUID`
    Uuid(Vec<u8>),
    /// `range`: length, first, step, as far as these matter.
    Range([i64; 3]),
    /// Whatever else a call makes.
    Object(How, Seq),
}

/// Whether a value can change, and so cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutable {
    No,
    Yes,
}

pub(super) fn meaning(arena: &Arena, node: Node) -> Meaning<'_> {
    match node {
        Node::None => Meaning::None,
        Node::Bool(value) => Meaning::Number(Number::Int(i64::from(value))),
        Node::Int(value) => Meaning::Number(Number::Int(value)),
        Node::Float(value) => float(value),
        Node::Long(span) => Meaning::Number(Number::Long(arena.bytes(span))),
        Node::Str(span) => Meaning::Str(arena.bytes(span).into()),
        // What Python 3 gets for it.
        Node::Native(span) if arena.bytes(span).is_ascii() => {
            Meaning::Str(arena.bytes(span).into())
        }
        Node::Native(span) | Node::Bytes(span) => Meaning::Bytes(arena.bytes(span), Mutable::No),
        Node::ByteArray(span) => Meaning::Bytes(arena.bytes(span), Mutable::Yes),
        Node::Tuple(seq) => Meaning::Tuple(seq),
        Node::List(seq) => Meaning::List(seq),
        Node::Dict(seq) => Meaning::Dict(seq),
        Node::Set(seq) => Meaning::Set(seq, Mutable::Yes),
        Node::FrozenSet(seq) => Meaning::Set(seq, Mutable::No),
        Node::Global { .. } => {
            let (module, name) = global(arena, node).unwrap_or_default();
            Meaning::Global(module, name)
        }
        Node::Object(how, seq) => object(arena, how, seq).unwrap_or(Meaning::Object(how, seq)),
    }
}

pub(super) fn float(value: f64) -> Meaning<'static> {
    if value.is_nan() {
        Meaning::Nan
    } else {
        Meaning::Number(Number::Float(value))
    }
}

/// By Python 3's names.
pub(super) fn global(arena: &Arena, node: Node) -> Option<(&str, &str)> {
    let Node::Global { old, module, name } = node else {
        return None;
    };
    let (module, name) = (arena.plain_str(module), arena.plain_str(name));
    Some(if old {
        names::to_python_3(module, name)
    } else {
        (module, name)
    })
}

/// A call, taken apart: what is called, its arguments, what is done to the result.
pub(super) struct Call<'a> {
    pub(super) module: &'a str,
    pub(super) name: &'a str,
    pub(super) args: &'a [Id],
    pub(super) changes: &'a [Id],
}

/// None for what calls no name, or gives keywords.
pub(super) fn call(arena: &Arena, how: How, seq: Seq) -> Option<Call<'_>> {
    let links = arena.links(seq);
    let (&[callable, args, _], changes) = links.split_first_chunk()?;
    let (module, name) = global(arena, arena.node(callable))?;
    match arena.node(args) {
        Node::Tuple(args) if how != How::NewEx => Some(Call {
            module,
            name,
            args: arena.links(args),
            changes,
        }),
        _ => None,
    }
}

/// The classes whose values are known from how they are written.
fn object(arena: &Arena, how: How, seq: Seq) -> Option<Meaning<'_>> {
    let call = call(arena, how, seq)?;
    let part = |index: usize| call.args.get(index).map(|&id| arena.node(id));
    if call.module == "uuid" && call.name == "UUID" {
        return uuid(arena, call.changes);
    }
    if !call.changes.is_empty() {
        return None;
    }
    if how == How::New {
        // A named tuple is made by its fields. With a single argument it may as well be a
        // subclass of int, str or tuple, which is made by its value.
        let named = call.args.len() >= 2;
        return named.then(|| Meaning::Tuple(args_of(arena, seq)));
    }
    match (call.module, call.name, call.args.len()) {
        ("builtins", "complex", 2) => complex(part(0)?, part(1)?),
        ("builtins", "range", 3) => range(arena, call.args),
        ("decimal", "Decimal", 1) => {
            let text = text(arena, part(0)?)?;
            if text.contains(['n', 'N']) && !text.contains(['f', 'F']) {
                return Some(Meaning::Nan);
            }
            Ratio::from_decimal(text).map(Meaning::Number)
        }
        ("fractions", "Fraction", 1) => {
            Ratio::from_fraction(text(arena, part(0)?)?).map(Meaning::Number)
        }
        ("fractions", "Fraction", 2) => {
            let (p, q) = (meaning(arena, part(0)?), meaning(arena, part(1)?));
            match (p, q) {
                (Meaning::Number(p), Meaning::Number(q)) => {
                    Ratio::from_ints(&p, &q).map(Meaning::Number)
                }
                _ => None,
            }
        }
        ("datetime", name, _) => calendar::moment(arena, name, call.args).map(Meaning::Moment),
        ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar", 2) => {
            numpy::scalar(arena, part(0)?, part(1)?)
        }
        // Standard classes of ints with names: signal.SIGTERM, http.HTTPStatus.OK.
        ("signal", "Signals" | "Handlers" | "Sigmasks", 1)
        | ("http", "HTTPStatus", 1)
        | ("socket", "AddressFamily" | "SocketKind" | "MsgFlag" | "AddressInfo", 1) => {
            match part(0)? {
                Node::Int(value) => Some(Meaning::Number(Number::Int(value))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The arguments of an object: a tuple.
fn args_of(arena: &Arena, seq: Seq) -> Seq {
    match arena.node(arena.links(seq)[1]) {
        Node::Tuple(args) => args,
        _ => Seq::EMPTY,
    }
}

pub(super) fn text(arena: &Arena, node: Node) -> Option<&str> {
    match node {
        // Longer than any number whose value is asked for.
        Node::Str(span) if span.len <= 1024 => std::str::from_utf8(arena.bytes(span)).ok(),
        Node::Native(span) if span.len <= 1024 => std::str::from_utf8(arena.bytes(span)).ok(),
        _ => None,
    }
}

pub(super) fn complex(re: Node, im: Node) -> Option<Meaning<'static>> {
    let (Node::Float(re), Node::Float(im)) = (re, im) else {
        return None;
    };
    Some(if re.is_nan() || im.is_nan() {
        Meaning::Nan
    } else {
        // Without negative zeros.
        Meaning::Complex(re + 0.0, im + 0.0)
    })
}

/// Equal ranges are those that give the same numbers.
fn range(arena: &Arena, args: &[Id]) -> Option<Meaning<'static>> {
    let int = |index: usize| match arena.node(args[index]) {
        Node::Int(value) => Some(i128::from(value)),
        _ => None,
    };
    let (start, stop, step) = (int(0)?, int(1)?, int(2)?);
    let distance = if step > 0 { stop - start } else { start - stop };
    if step == 0 {
        return None;
    }
    let len = match distance {
        1.. => (distance - 1) / step.abs() + 1,
        _ => 0,
    };
    let first = if len > 0 { start } else { 0 };
    let step = if len > 1 { step } else { 0 };
    let fits = |value: i128| i64::try_from(value).ok();
    Some(Meaning::Range([fits(len)?, fits(first)?, fits(step)?]))
}

/// By its number alone, as `UUID.__eq__`; little-endian.
fn uuid<'a>(arena: &'a Arena, changes: &[Id]) -> Option<Meaning<'a>> {
    let &[state, BUILT] = changes else {
        return None;
    };
    let Node::Dict(entries) = arena.node(state) else {
        return None;
    };
    let mut entries = arena.links(entries).chunks_exact(2);
    let entry = entries.find(|entry| arena.is_str(entry[0], "int"))?;
    match arena.node(entry[1]) {
        Node::Int(value) => Some(Meaning::Uuid(number_bytes(&value.to_le_bytes()))),
        Node::Long(span) => Some(Meaning::Uuid(number_bytes(arena.bytes(span)))),
        _ => None,
    }
}

fn number_bytes(bytes: &[u8]) -> Vec<u8> {
    let used = bytes.iter().rposition(|&byte| byte != 0);
    bytes[..used.map_or(0, |last| last + 1)].to_vec()
}
