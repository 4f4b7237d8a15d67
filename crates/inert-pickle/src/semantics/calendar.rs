//! The values of `datetime`: their state bytes are their fields, most significant first.

use crate::arena::{Arena, Id, Node, Span};

use super::meaning::call;

/// A value of a class of `datetime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) class: Class,
    /// In µs: of a `datetime` since the year 1, of a `time` since midnight; a `timezone`'s
    /// offset. Less the offset from UTC, where that is known.
    pub(super) micros: i128,
    pub(super) zone: Zone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Date,
    DateTime,
    Time,
    Delta,
    TimeZone,
}

/// What a `datetime` or a `time` is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// Naive.
    None,
    Utc,
    /// A zone whose offset only its own code knows: a node.
    Unknown(Id),
}

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

pub(super) fn moment(arena: &Arena, name: &str, args: &[Id]) -> Option<Moment> {
    let plain = |class, micros| Moment {
        class,
        micros,
        zone: Zone::None,
    };
    match (name, args) {
        ("date", &[state]) => {
            let state: [u8; 4] = bytes(arena, state)?;
            Some(plain(Class::Date, days(&state) * DAY))
        }
        ("datetime", &[state, ref zone @ ..]) => {
            let state: [u8; 10] = bytes(arena, state)?;
            let local = days(&state) * DAY + clock(&state[4..]);
            in_zone(arena, Class::DateTime, local, zone)
        }
        ("time", &[state, ref zone @ ..]) => {
            let state: [u8; 6] = bytes(arena, state)?;
            in_zone(arena, Class::Time, clock(&state), zone)
        }
        ("timedelta", &[days, seconds, micros]) => {
            let int = |id| match arena.node(id) {
                Node::Int(value) => Some(i128::from(value)),
                _ => None,
            };
            let micros = int(days)? * DAY + int(seconds)? * SECOND + int(micros)?;
            Some(plain(Class::Delta, micros))
        }
        // Its name does not matter.
        ("timezone", &[offset] | &[offset, _]) => Some(plain(
            Class::TimeZone,
            of_class(arena, offset, Class::Delta)?,
        )),
        _ => None,
    }
}

/// The value of a moment of this class.
fn of_class(arena: &Arena, id: Id, class: Class) -> Option<i128> {
    let Node::Object(how, seq) = arena.node(id) else {
        return None;
    };
    let call = call(arena, how, seq)?;
    if call.module != "datetime" || !call.changes.is_empty() {
        return None;
    }
    // A time zone's offset is a timedelta: so this ends.
    let wanted = if class == Class::Delta {
        "timedelta"
    } else {
        "timezone"
    };
    let moment = (call.name == wanted).then(|| moment(arena, call.name, call.args))??;
    Some(moment.micros)
}

fn in_zone(arena: &Arena, class: Class, local: i128, zone: &[Id]) -> Option<Moment> {
    let (micros, zone) = match *zone {
        [] => (local, Zone::None),
        [zone] => match of_class(arena, zone, Class::TimeZone) {
            Some(offset) => (local - offset, Zone::Utc),
            None if matches!(arena.node(zone), Node::None) => (local, Zone::None),
            None => (local, Zone::Unknown(zone)),
        },
        _ => return None,
    };
    Some(Moment {
        class,
        micros,
        zone,
    })
}

fn bytes<const N: usize>(arena: &Arena, id: Id) -> Option<[u8; N]> {
    let exact = |span: Span| arena.bytes(span).try_into().ok();
    match arena.node(id) {
        Node::Bytes(span) | Node::Native(span) if span.len as usize == N => exact(span),
        _ => None,
    }
}

/// From year (two bytes), month and day; the month's highest bit is the fold, which no
/// comparison looks at.
fn days(state: &[u8]) -> i128 {
    let year = i128::from(state[0]) << 8 | i128::from(state[1]);
    let (month, day) = (i128::from(state[2] & 0x7f), i128::from(state[3]));
    // Counted from March, so that the leap day is the last of the year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
}

/// From hour (its highest bit may be the fold), minute, second, µs (three bytes).
fn clock(state: &[u8]) -> i128 {
    let hours = i128::from(state[0] & 0x7f);
    let seconds = (hours * 60 + i128::from(state[1])) * 60 + i128::from(state[2]);
    let micros = state[3..6]
        .iter()
        .fold(0, |micros, &byte| micros << 8 | i128::from(byte));
    seconds * SECOND + micros
}
