//! Indices and slices of a sequence.

use crate::object::Exception;
use inert_pickle::{Kind, Value};

/// One place of a sequence, or several.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Index {
    At(i64),
    Slice(Slice),
}

/// Places of a sequence of a known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    start: Option<i64>,
    stop: Option<i64>,
    step: i64,
}

/// Reads an index; `what` is Python's name of the sequence.
pub(super) fn index(value: &Value, what: &str) -> Result<Index, Exception> {
    if let Some(at) = value.as_i64() {
        return Ok(Index::At(at));
    }
    if let Kind::Long(_) = value.kind() {
        return Err(Exception::builtin(
            "IndexError",
            "cannot fit 'int' into an index-sized integer",
        ));
    }
    if let Some(("builtins", "slice", args)) = value.as_call() {
        let bounds: Vec<Option<i64>> = args
            .map(|bound| self::bound(&bound))
            .collect::<Result<_, _>>()?;
        let bound = |index: usize| bounds.get(index).copied().flatten();
        let step = bound(2).unwrap_or(1);
        if step == 0 {
            return Err(Exception::value_error("slice step cannot be zero"));
        }
        let (start, stop) = (bound(0), bound(1));
        return Ok(Index::Slice(Slice { start, stop, step }));
    }
    Err(Exception::type_error(match what {
        "array" => "array indices must be integers".to_string(),
        _ => format!(
            "{what} indices must be integers or slices, not {}",
            value.type_name()
        ),
    }))
}

fn bound(value: &Value) -> Result<Option<i64>, Exception> {
    match value.kind() {
        Kind::None => Ok(None),
        Kind::Long(bytes) => {
            let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
            // Python clamps as well.
            Ok(Some(if negative { i64::MIN + 1 } else { i64::MAX }))
        }
        _ => match value.as_i64() {
            Some(bound) => Ok(Some(bound.max(i64::MIN + 1))),
            None => Err(Exception::type_error(
                "slice indices must be integers or None or have an __index__ method",
            )),
        },
    }
}

/// The place that an index names in a sequence of this length.
pub(super) fn place(at: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let at = if at < 0 { at.checked_add(len)? } else { at };
    (0..len).contains(&at).then_some(at as usize)
}

impl Slice {
    /// The first place, how many there are, and the step from one to the next.
    pub(super) fn places(self, len: usize) -> (usize, usize, i64) {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        let (lowest, highest) = if self.step > 0 {
            (0, len)
        } else {
            (-1, len - 1)
        };
        let clamp = |bound: i64| {
            let bound = if bound < 0 {
                bound.saturating_add(len)
            } else {
                bound
            };
            bound.clamp(lowest, highest)
        };
        let (first, last) = if self.step > 0 {
            (0, len)
        } else {
            (len - 1, -1)
        };
        let start = self.start.map_or(first, clamp);
        let stop = self.stop.map_or(last, clamp);
        let distance = if self.step > 0 {
            stop - start
        } else {
            start - stop
        };
        let step = self.step.unsigned_abs();
        let count = match distance {
            ..=0 => 0,
            distance => (distance as u64 - 1) / step + 1,
        };
        (start.max(0) as usize, count as usize, self.step)
    }

    /// The places, in order.
    pub(super) fn iter(self, len: usize) -> impl Iterator<Item = usize> {
        let (start, count, step) = self.places(len);
        (0..count as i64).map(move |n| (start as i64 + n * step) as usize)
    }

    pub(super) fn is_plain(self) -> bool {
        self.step == 1
    }
}

/// A count that is an argument: an int, or what Python says of another.
pub(crate) fn integer(value: &Value) -> Result<i64, Exception> {
    match value.kind() {
        Kind::Long(_) => Err(Exception::builtin(
            "OverflowError",
            "Python int too large to convert to C ssize_t",
        )),
        _ => value.as_i64().ok_or_else(|| not_an_integer(value)),
    }
}

/// What Python says of a value that is no integer.
pub(crate) fn not_an_integer(value: &Value) -> Exception {
    Exception::type_error(format!(
        "'{}' object cannot be interpreted as an integer",
        value.type_name()
    ))
}

/// What Python up to 3.7 says of it in some places.
pub(crate) fn integer_required(value: &Value) -> String {
    format!("an integer is required (got type {})", value.type_name())
}
