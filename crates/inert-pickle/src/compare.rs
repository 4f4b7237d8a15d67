//! The order of values: Python's `<`, as a `PriorityQueue` asks for it.

use std::cmp::Ordering;

use super::{Kind, TypeError, Value, long};

/// Elements looked at before a comparison is given up: shared tuples of shared tuples
/// can stand for more than anyone can compare.
const STEPS: usize = 1 << 18;

impl Value {
    /// Python's `self < other`: numbers, str, bytes, and tuples and lists of such.
    ///
    /// # Errors
    /// The `TypeError` that Python would raise. Objects are compared by code that is not
    /// here: their comparison is a `TypeError` too.
    pub fn less_than(&self, other: &Value) -> Result<bool, TypeError> {
        let mut steps = STEPS;
        // Where two sequences differ, the order of the first elements that differ is the
        // answer: so one loop goes down, and equality of what lies before is asked for.
        let (mut left, mut right) = (self.clone(), other.clone());
        loop {
            let next = match (left.kind(), right.kind()) {
                (Kind::Tuple(a), Kind::Tuple(b)) | (Kind::List(a), Kind::List(b)) => {
                    let (count, other_count) = (a.len(), b.len());
                    let mut differing = None;
                    for (x, y) in a.zip(b) {
                        if !equal(&x, &y, &mut steps)? {
                            differing = Some((x, y));
                            break;
                        }
                    }
                    match differing {
                        Some(pair) => pair,
                        None => return Ok(count < other_count),
                    }
                }
                _ => return order(&left, &right).map(|order| order == Some(Ordering::Less)),
            };
            (left, right) = next;
            spend(&mut steps, 1)?;
        }
    }
}

fn spend(steps: &mut usize, count: usize) -> Result<(), TypeError> {
    *steps = steps
        .checked_sub(count)
        .ok_or_else(|| TypeError("values too large to be compared".to_owned()))?;
    Ok(())
}

/// Python's `left == right`.
fn equal(left: &Value, right: &Value, steps: &mut usize) -> Result<bool, TypeError> {
    let mut open = vec![(left.clone(), right.clone())];
    while let Some((left, right)) = open.pop() {
        spend(steps, 1)?;
        if left.is(&right) {
            continue;
        }
        match (left.kind(), right.kind()) {
            (Kind::Tuple(a), Kind::Tuple(b)) | (Kind::List(a), Kind::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                spend(steps, a.len())?;
                open.extend(a.zip(b));
                continue;
            }
            (Kind::None, Kind::None) => continue,
            (
                Kind::Global { module, name },
                Kind::Global {
                    module: other,
                    name: other_name,
                },
            ) if (module, name) == (other, other_name) => {
                continue;
            }
            // Whether these are equal, only their own code could say; a dict or a set
            // that is equal would have to be found equal in any order.
            (Kind::Dict(_), Kind::Dict(_))
            | (Kind::Set(_) | Kind::FrozenSet(_), Kind::Set(_) | Kind::FrozenSet(_))
            | (Kind::Object(_), _)
            | (_, Kind::Object(_)) => return Err(unordered(&left, &right)),
            _ => {}
        }
        match order(&left, &right) {
            Ok(Some(Ordering::Equal)) => {}
            Ok(_) | Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// The order of two values that have no parts; none where a NaN is involved.
fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, TypeError> {
    Ok(match (number(left), number(right)) {
        (Some(a), Some(b)) => a.order(b),
        (None, None) => match (left.kind(), right.kind()) {
            // The order of the encoded forms is the order of the code points.
            (Kind::Str(a) | Kind::NativeStr(a), Kind::Str(b) | Kind::NativeStr(b)) => {
                Some(a.cmp(b))
            }
            (Kind::Bytes(a) | Kind::ByteArray(a), Kind::Bytes(b) | Kind::ByteArray(b)) => {
                Some(a.cmp(b))
            }
            _ => return Err(unordered(left, right)),
        },
        _ => return Err(unordered(left, right)),
    })
}

fn unordered(left: &Value, right: &Value) -> TypeError {
    TypeError(format!(
        "'<' not supported between instances of '{}' and '{}'",
        left.type_name(),
        right.type_name()
    ))
}

#[derive(Clone, Copy)]
enum Number<'a> {
    Int(i64),
    Long(&'a [u8]),
    Float(f64),
}

fn number(value: &Value) -> Option<Number<'_>> {
    Some(match value.kind() {
        Kind::Bool(value) => Number::Int(i64::from(value)),
        Kind::Int(value) => Number::Int(value),
        Kind::Long(bytes) => Number::Long(bytes),
        Kind::Float(value) => Number::Float(value),
        _ => return None,
    })
}

impl Number<'_> {
    /// Exact, as Python's: an int is never rounded to a float.
    fn order(self, other: Number<'_>) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
            (Number::Long(a), Number::Long(b)) => Some(long::compare(a, b)),
            (Number::Long(a), Number::Int(_)) => Some(long::sign(a)),
            (Number::Int(_), Number::Long(b)) => Some(long::sign(b).reverse()),
            (Number::Int(a), Number::Float(b)) => int_to_float(a, b),
            (Number::Long(a), Number::Float(b)) => long_to_float(a, b),
            (a @ Number::Float(_), b) => b.order(a).map(Ordering::reverse),
        }
    }
}

fn int_to_float(int: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float < -BEYOND {
        Some(Ordering::Greater)
    } else {
        // In range, so the integral part is exact.
        let whole = float.trunc();
        Some(
            int.cmp(&(whole as i64))
                .then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal)),
        )
    }
}

fn long_to_float(int: &[u8], float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    }
    // A float this large is a whole number: write it as one. A smaller one is nearer to
    // zero than any int that is not of 64 bits.
    match long::from_float(float) {
        Some(bytes) => match long::minimal(&bytes) {
            Err(bytes) => Some(long::compare(int, bytes)),
            Ok(_) => Some(long::sign(int)),
        },
        None => Some(long::sign(int)),
    }
}
