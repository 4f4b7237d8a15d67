//! NumPy's scalars: a type, and the number's bytes.

use std::borrow::Cow;

use super::meaning::{Meaning, complex, float, text};
use super::number::Number;
use crate::arena::{Arena, BUILT, Node};

/// `numpy.core.multiarray.scalar(dtype, bytes)`, for numbers and text.
pub(super) fn scalar(arena: &Arena, dtype: Node, data: Node) -> Option<Meaning<'_>> {
    let Node::Bytes(data) = data else {
        return None;
    };
    let (code, big) = type_of(arena, dtype)?;
    let mut data = Cow::from(arena.bytes(data));
    if code.starts_with('U') {
        return utf32(&data, big);
    }
    if big {
        // Of a complex number each half.
        let half = if code == "c16" { 8 } else { data.len().max(1) };
        data.to_mut().chunks_mut(half).for_each(<[u8]>::reverse);
    }
    number(code, &data)
}

/// Its code like `i8`, and whether the bytes are the most significant first.
fn type_of(arena: &Arena, dtype: Node) -> Option<(&str, bool)> {
    let Node::Object(_, seq) = dtype else {
        return None;
    };
    let &[_, args, _, state, BUILT] = arena.links(seq) else {
        return None;
    };
    let (Node::Tuple(args), Node::Tuple(state)) = (arena.node(args), arena.node(state)) else {
        return None;
    };
    let code = text(arena, arena.node(*arena.links(args).first()?))?;
    let order = text(arena, arena.node(*arena.links(state).get(1)?))?;
    Some((code, order == ">"))
}

fn number(code: &str, data: &[u8]) -> Option<Meaning<'static>> {
    let int = |value: i64| Some(Meaning::Number(Number::Int(value)));
    match (code, data) {
        ("b1", &[value]) => int(i64::from(value != 0)),
        ("i1", &[value]) => int(i64::from(value as i8)),
        ("u1", &[value]) => int(i64::from(value)),
        ("i2", _) => int(i64::from(i16::from_le_bytes(data.try_into().ok()?))),
        ("u2", _) => int(i64::from(u16::from_le_bytes(data.try_into().ok()?))),
        ("i4", _) => int(i64::from(i32::from_le_bytes(data.try_into().ok()?))),
        ("u4", _) => int(i64::from(u32::from_le_bytes(data.try_into().ok()?))),
        ("i8", _) => int(i64::from_le_bytes(data.try_into().ok()?)),
        ("u8", _) => int(i64::try_from(u64::from_le_bytes(data.try_into().ok()?)).ok()?),
        ("f2", _) => Some(float(half(u16::from_le_bytes(data.try_into().ok()?)))),
        ("f4", _) => Some(float(f64::from(f32::from_le_bytes(data.try_into().ok()?)))),
        ("f8", _) => Some(float(f64::from_le_bytes(data.try_into().ok()?))),
        ("c16", _) => {
            let (re, im) = data.split_at_checked(8)?;
            let part = |bytes: &[u8]| Some(Node::Float(f64::from_le_bytes(bytes.try_into().ok()?)));
            complex(part(re)?, part(im)?)
        }
        _ => None,
    }
}

/// A float of 16 bits.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let value = match bits >> 10 & 0x1f {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (fraction + 1024.0) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 { -value } else { value }
}

fn utf32(data: &[u8], big: bool) -> Option<Meaning<'static>> {
    let points = data.chunks_exact(4).map(|chunk| {
        let bytes = [chunk[0], chunk[1], chunk[2], chunk[3]];
        char::from_u32(if big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    });
    let text: String = points.collect::<Option<_>>()?;
    Some(Meaning::Str(
        text.trim_end_matches('\0').as_bytes().to_vec().into(),
    ))
}
