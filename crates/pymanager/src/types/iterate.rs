//! What Python's `for` would find in an argument.

use std::collections::HashMap;

use super::dict::DictObject;
use super::list::ListObject;
use super::set::SetObject;
use super::{MOST, too_many};
use crate::object::{Call, Exception};
use inert_pickle::{Change, Kind, Value};

/// The items of an argument that can be iterated over, a proxy of this
/// manager's list or dict among them.
pub(crate) fn items_of(call: &Call<'_>, value: &Value) -> Result<Vec<Value>, Exception> {
    items_within(call, value, DEEPEST)
}

/// How deep iterators over iterators may be nested: each takes stack.
const DEEPEST: usize = 8;

fn items_within(call: &Call<'_>, value: &Value, depth: usize) -> Result<Vec<Value>, Exception> {
    Ok(match value.kind() {
        Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
            items.collect()
        }
        Kind::Dict(pairs) => pairs.map(|(key, _)| key).collect(),
        Kind::Bytes(all) | Kind::ByteArray(all) => numbers_of(all),
        Kind::Str(_) | Kind::NativeStr(_) => match value.as_str() {
            Some(text) => characters_of(text),
            None => return Err(not_iterable(value)),
        },
        Kind::Object(_) => return items_of_object(call, value, depth),
        _ => return Err(not_iterable(value)),
    })
}

/// One number for all bytes that are alike: a message may hold very many.
fn numbers_of(bytes: &[u8]) -> Vec<Value> {
    let numbers: Vec<Value> = (0..=255_i64).map(Value::from).collect();
    let number = |byte: &u8| numbers[usize::from(*byte)].clone();
    bytes.iter().map(number).collect()
}

/// One text for all characters that are alike.
fn characters_of(text: &str) -> Vec<Value> {
    let mut known: HashMap<char, Value> = HashMap::new();
    let character = |c: char| {
        let make = || c.to_string().as_str().into();
        known.entry(c).or_insert_with(make).clone()
    };
    text.chars().map(character).collect()
}

fn not_iterable(value: &Value) -> Exception {
    let name = match value.as_call() {
        Some(("multiprocessing.managers", "RebuildProxy", _)) => "proxy",
        _ => value.type_name(),
    };
    Exception::type_error(format!("'{name}' object is not iterable"))
}

fn items_of_object(call: &Call<'_>, value: &Value, depth: usize) -> Result<Vec<Value>, Exception> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Exception::type_error("iterators nested too deep"));
    };
    if let Some(served) = call.resolve(value) {
        if let Some(list) = served.downcast::<ListObject>() {
            return Ok(list.values());
        }
        if let Some(dict) = served.downcast::<DictObject>() {
            return Ok(dict.keys());
        }
        if let Some(set) = served.downcast::<SetObject>() {
            return Ok(set.values());
        }
    }
    let Kind::Object(object) = value.kind() else {
        return Err(not_iterable(value));
    };
    match value.as_call() {
        Some(("builtins", "range", args)) => return range(&args.collect::<Vec<_>>()),
        Some(("builtins", "zip", args)) => return zip(call, args.collect(), depth),
        Some(("builtins", class @ ("iter" | "reversed" | "list" | "tuple"), mut args)) => {
            let inner = args.next().unwrap_or_else(|| Value::list(&[]));
            let items = items_within(call, &inner, depth)?;
            // The state of an iterator is how far it has come.
            let at = object.state().and_then(|state| state.as_i64());
            return Ok(match (class, at) {
                ("iter", Some(at)) => {
                    let at = usize::try_from(at).unwrap_or(0).min(items.len());
                    items[at..].to_vec()
                }
                ("reversed", at) => {
                    let from = at.map_or(items.len(), |at| usize::try_from(at + 1).unwrap_or(0));
                    let mut items = items[..from.min(items.len())].to_vec();
                    items.reverse();
                    items
                }
                _ => items,
            });
        }
        _ => {}
    }
    let mut items = Vec::new();
    for change in object.changes() {
        match change {
            Change::Append(item) | Change::SetItem(item, _) => items.push(item),
            _ => {}
        }
    }
    match items.is_empty() && !matches!(value.as_call(), Some(("collections", _, _))) {
        true => Err(not_iterable(value)),
        false => Ok(items),
    }
}

fn zip(call: &Call<'_>, args: Vec<Value>, depth: usize) -> Result<Vec<Value>, Exception> {
    let columns = args.iter().map(|arg| items_within(call, arg, depth));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    let row = |row: usize| Value::tuple(columns.iter().map(|column| &column[row]));
    Ok((0..rows).map(row).collect())
}

fn range(args: &[Value]) -> Result<Vec<Value>, Exception> {
    let number = |index: usize| args.get(index).and_then(Value::as_i64);
    let (start, stop, step) = match args.len() {
        1 => (Some(0), number(0), Some(1)),
        2 => (number(0), number(1), Some(1)),
        _ => (number(0), number(1), number(2)),
    };
    let (Some(start), Some(stop), Some(step)) = (start, stop, step) else {
        return Err(Exception::type_error(
            "a range of such numbers is not known here",
        ));
    };
    let distance = match step > 0 {
        true => i128::from(stop) - i128::from(start),
        false => i128::from(start) - i128::from(stop),
    };
    let count = match (distance, i128::from(step).unsigned_abs() as i128) {
        (_, 0) => return Err(Exception::value_error("range() arg 3 must not be zero")),
        (..=0, _) => 0,
        (distance, step) => (distance - 1) / step + 1,
    };
    if count > MOST as i128 {
        return Err(too_many());
    }
    // All of them are between the two bounds.
    Ok((0..count as i64)
        .map(|n| Value::from(start + n * step))
        .collect())
}

/// The pairs of what a dict is made or updated from.
pub(super) fn pairs_of(call: &Call<'_>, value: &Value) -> Result<PairsOrFault, Exception> {
    match value.kind() {
        Kind::Dict(pairs) => return Ok((pairs.collect(), None)),
        Kind::Object(object) => {
            let dict = call
                .resolve(value)
                .and_then(|served| served.downcast::<DictObject>());
            if let Some(dict) = dict {
                return Ok((dict.pairs(), None));
            }
            let changes = object.changes();
            let pairs: Vec<_> = changes
                .filter_map(|change| match change {
                    Change::SetItem(key, value) => Some((key, value)),
                    _ => None,
                })
                .collect();
            if !pairs.is_empty() {
                return Ok((pairs, None));
            }
            if let Some(("collections", "Counter" | "OrderedDict", mut args)) = value.as_call() {
                return match args.next() {
                    Some(dict) if dict.as_dict().is_some() => pairs_of(call, &dict),
                    _ => Ok((Vec::new(), None)),
                };
            }
        }
        _ => {}
    }
    let mut pairs = Vec::new();
    for (index, item) in items_of(call, value)?.into_iter().enumerate() {
        // Those before it stay, as in Python.
        let fault = match items_of(call, &item) {
            Err(_) => Exception::type_error(format!(
                "cannot convert dictionary update sequence element #{index} to a sequence"
            )),
            Ok(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([key, value]) => {
                    pairs.push((key, value));
                    continue;
                }
                Err(parts) => Exception::value_error(format!(
                    "dictionary update sequence element #{index} has length {}; 2 is required",
                    parts.len()
                )),
            },
        };
        return Ok((pairs, Some(fault)));
    }
    Ok((pairs, None))
}

/// Pairs, and the error that came after them, if there was one.
pub(super) type PairsOrFault = (Vec<(Value, Value)>, Option<Exception>);
