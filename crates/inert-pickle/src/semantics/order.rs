//! Equality and order of two values.

use std::cmp::Ordering;

use super::calendar::{Class, Moment, Zone};
use super::digest::{Ask, Known, digest};
use super::meaning::{Meaning, call, meaning};
use super::walk::{Difference, Wanted, first_difference};
use super::{Borrowed, CompareError, Work, type_name};
use crate::arena::{How, Node, Seq};

/// Python's `left == right`.
pub(super) fn equal(
    left: Borrowed<'_>,
    right: Borrowed<'_>,
    work: &mut Work,
) -> Result<bool, CompareError> {
    Ok(first_difference(left, right, Wanted::Equality, work)?.is_none())
}

/// Python's `left < right`.
pub(super) fn less(
    left: Borrowed<'_>,
    right: Borrowed<'_>,
    work: &mut Work,
) -> Result<bool, CompareError> {
    let at = match first_difference(left, right, Wanted::Order, work)? {
        Some(at) => at,
        // Equal values without an order are an error by themselves.
        None => Difference {
            left,
            right,
            reversed: false,
        },
    };
    let (one, two) = (
        meaning(at.left.arena, at.left.node),
        meaning(at.right.arena, at.right.node),
    );
    match (&one, &two) {
        (Meaning::Tuple(a), Meaning::Tuple(b)) | (Meaning::List(a), Meaning::List(b)) => {
            Ok(a.len < b.len)
        }
        _ => leaves(at.left, &one, at.right, &two, work)
            .unwrap_or_else(|| Err(unordered(at.left, at.right, at.reversed))),
    }
}

fn unordered(left: Borrowed<'_>, right: Borrowed<'_>, reversed: bool) -> CompareError {
    let (sign, left, right) = match reversed {
        false => ('<', left, right),
        true => ('>', right, left),
    };
    CompareError::Type(format!(
        "'{sign}' not supported between instances of '{}' and '{}'",
        type_name(left.arena, left.node),
        type_name(right.arena, right.node)
    ))
}

/// None where Python has no order.
fn leaves(
    left: Borrowed<'_>,
    one: &Meaning<'_>,
    right: Borrowed<'_>,
    two: &Meaning<'_>,
    work: &mut Work,
) -> Option<Result<bool, CompareError>> {
    Some(match (one, two) {
        (Meaning::Number(a), Meaning::Number(b)) => work
            .spend(a.cost() + b.cost())
            .map(|()| a.order(b) == Some(Ordering::Less)),
        (Meaning::Nan, Meaning::Number(_) | Meaning::Nan) | (Meaning::Number(_), Meaning::Nan) => {
            Ok(false)
        }
        // The order of the encoded forms is the order of the code points.
        (Meaning::Str(a), Meaning::Str(b)) => less_bytes(a, b, work),
        (Meaning::Bytes(a, _), Meaning::Bytes(b, _)) => less_bytes(a, b, work),
        (Meaning::Uuid(a), Meaning::Uuid(b)) => {
            Ok(a.len() < b.len() || a.len() == b.len() && a.iter().rev().lt(b.iter().rev()))
        }
        (Meaning::Moment(a), Meaning::Moment(b)) if a.class == b.class => {
            return moments(left, a, right, b, work);
        }
        (Meaning::Set(a, _), Meaning::Set(b, _)) => subset(left, *a, right, *b, work),
        (Meaning::Object(how, a), Meaning::Object(other, b)) => {
            match (numbered(left, *how, *a), numbered(right, *other, *b)) {
                (Some((class, a)), Some((other, b))) if class == other => Ok(a < b),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// A set is less than another when it is a part of it, and not the whole.
fn subset(
    left: Borrowed<'_>,
    a: Seq,
    right: Borrowed<'_>,
    b: Seq,
    work: &mut Work,
) -> Result<bool, CompareError> {
    let (a, b) = (members(left, a, work)?, members(right, b, work)?);
    Ok(a.len() < b.len() && a.iter().all(|member| b.binary_search(member).is_ok()))
}

fn less_bytes(left: &[u8], right: &[u8], work: &mut Work) -> Result<bool, CompareError> {
    work.spend(left.len().min(right.len()))?;
    Ok(left < right)
}

/// Of one class; none where Python has no order either.
fn moments(
    left: Borrowed<'_>,
    a: &Moment,
    right: Borrowed<'_>,
    b: &Moment,
    work: &mut Work,
) -> Option<Result<bool, CompareError>> {
    let what = match a.class {
        Class::TimeZone => return None,
        Class::Time => "times",
        _ => "datetimes",
    };
    let in_one_zone = match (a.zone, b.zone) {
        (Zone::Unknown(one), Zone::Unknown(two)) => {
            match equal(left.part(one), right.part(two), work) {
                Ok(same) => same,
                Err(error) => return Some(Err(error)),
            }
        }
        (a, b) => a == b,
    };
    Some(if in_one_zone {
        Ok(a.micros < b.micros)
    } else if a.zone == Zone::None || b.zone == Zone::None {
        let text = format!("can't compare offset-naive and offset-aware {what}");
        Err(CompareError::Type(text))
    } else {
        let text = format!("can't compare {what} of time zones that only their code knows");
        Err(CompareError::Type(text))
    })
}

/// The digests of a set's members, in order and each once.
fn members(of: Borrowed<'_>, seq: Seq, work: &mut Work) -> Result<Vec<u128>, CompareError> {
    let mut known = Known::default();
    let mut members = of
        .parts(seq)
        .map(|part| digest(part, Ask::Meaning, &mut known, work))
        .collect::<Result<Vec<u128>, _>>()?;
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

/// The class and number of what is made by calling a class with an int: a member of an
/// `IntEnum`, as far as one can see.
fn numbered(place: Borrowed<'_>, how: How, seq: Seq) -> Option<((&str, &str), i64)> {
    let call = call(place.arena, how, seq)?;
    match (how, call.args, call.changes) {
        (How::Reduce, &[number], []) => match place.arena.node(number) {
            Node::Int(number) => Some(((call.module, call.name), number)),
            _ => None,
        },
        _ => None,
    }
}
