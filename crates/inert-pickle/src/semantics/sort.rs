//! Python's `list.sort`.

use super::{CompareError, Work, less};
use crate::Value;

/// Sorts by Python's `<`: equal values keep their order, also when `reverse` is set.
///
/// # Errors
/// As [`less`](super::less); the values are then as they were.
pub fn sort(values: &mut [Value], reverse: bool, work: &mut Work) -> Result<(), CompareError> {
    let order = order(values, reverse, work)?;
    let mut taken: Vec<Value> = values.iter_mut().map(std::mem::take).collect();
    for (place, from) in values.iter_mut().zip(order) {
        *place = std::mem::take(&mut taken[from]);
    }
    Ok(())
}

/// Where in `values` each of them is found in turn, were they sorted: to sort something
/// else by them, as Python does with `key`.
///
/// # Errors
/// As [`less`](super::less).
pub fn order(values: &[Value], reverse: bool, work: &mut Work) -> Result<Vec<usize>, CompareError> {
    // Merged from runs of one, two, four: a comparison may fail, and may contradict
    // another (of NaNs), neither of which the standard library's sort allows.
    let count = values.len();
    let mut from: Vec<usize> = (0..count).collect();
    let mut to = from.clone();
    let mut goes_first = |later: usize, earlier: usize| {
        if reverse {
            less(&values[earlier], &values[later], work)
        } else {
            less(&values[later], &values[earlier], work)
        }
    };
    // As CPython begins, neighbour by neighbour: so a failure has its text, and what is in
    // order already is left so.
    let mut in_order = true;
    for step in 1..count {
        let at = if reverse { count - step } else { step };
        in_order &= !goes_first(at, at - 1)?;
    }
    if in_order {
        return Ok(from);
    }
    let mut run = 1;
    while run < count {
        for start in (0..count).step_by(2 * run) {
            let (middle, end) = ((start + run).min(count), (start + 2 * run).min(count));
            let in_order = middle == end || !goes_first(from[middle], from[middle - 1])?;
            if in_order {
                to[start..end].copy_from_slice(&from[start..end]);
                continue;
            }
            let (mut left, mut right) = (start, middle);
            for place in &mut to[start..end] {
                let take_right =
                    left == middle || right < end && goes_first(from[right], from[left])?;
                let taken = if take_right { &mut right } else { &mut left };
                *place = from[*taken];
                *taken += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
        run *= 2;
    }
    Ok(from)
}
