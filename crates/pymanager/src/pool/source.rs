//! The input of a map.

use crate::object::{Call, Exception};
use crate::types::items_of;
use inert_pickle::Value;

/// The items of one call, taken in their order.
#[derive(Debug)]
pub(super) enum Source {
    Items(Vec<Value>),
    /// Numbers are made when their turn comes: there may be very many.
    Range {
        start: i64,
        step: i64,
        len: usize,
    },
}

impl Source {
    /// From anything that Python's `for` would go through.
    pub(super) fn of(call: &Call<'_>, value: &Value) -> Result<Source, Exception> {
        if let Some(range) = range(value) {
            return Ok(range);
        }
        items_of(call, value).map(Source::Items)
    }

    /// Bytes of memory, besides the items.
    pub(super) fn memory(&self) -> usize {
        match self {
            Source::Items(items) => items.len() * size_of::<Value>(),
            Source::Range { .. } => 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Source::Items(items) => items.len(),
            Source::Range { len, .. } => *len,
        }
    }

    /// That many items from `start` on, at least one: a list, or a range, since
    /// a part of a range may be too long for any list.
    pub(super) fn part(&self, start: usize, count: usize) -> Value {
        match self {
            Source::Items(items) => Value::list(&items[start..start + count]),
            Source::Range {
                start: first, step, ..
            } => {
                // The product may overflow, the sum is between the range's bounds.
                let item = |n: usize| first.wrapping_add((n as i64).wrapping_mul(*step));
                let stop = item(start + count - 1).saturating_add(step.signum());
                let bounds = [item(start), stop, *step].map(Value::from);
                Value::call(&Value::global("builtins", "range"), &bounds)
            }
        }
    }
}

fn range(value: &Value) -> Option<Source> {
    let ("builtins", "range", args) = value.as_call()? else {
        return None;
    };
    let numbers: Option<Vec<i64>> = args.map(|arg| arg.as_i64()).collect();
    let (start, stop, step) = match numbers?[..] {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] if step != 0 => (start, stop, step),
        _ => return None,
    };
    let distance = i128::from(stop) - i128::from(start);
    let step_wide = i128::from(step);
    let steps = match distance.signum() == step_wide.signum() {
        true => (distance.abs() - 1) / step_wide.abs() + 1,
        false => 0,
    };
    Some(Source::Range {
        start,
        step,
        len: usize::try_from(steps).ok()?,
    })
}
