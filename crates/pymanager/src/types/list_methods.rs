//! The methods of `list`, one row each.

use super::list::{ListObject, keep_all};
use super::list_sort::sorted;
use super::slice::{Index, index, integer, place};
use super::{MOST, kept, kept_together, too_many};
use crate::object::{Answer, Call, Class, Era, Exception, Method, Outcome, Signature, Stored};
use crate::pickle::semantics::{Work, equal};
use crate::queue::number;
use inert_pickle::Value;

/// How often a list is sorted anew that others change meanwhile.
pub(super) const TRIES: usize = 10;

pub(super) static LIST: Class<ListObject> = Class::new(
    "list",
    &[
        Method::new("__add__", Signature::positional(1, 1), |list, call| {
            let other = call.value(0);
            let Some(more) = plain_list(&other) else {
                return Err(Exception::type_error(format!(
                    "can only concatenate list (not \"{}\") to list",
                    other_name(&other)
                )));
            };
            let mut all = list.items().0;
            all.extend(more.iter().map(|item| call.keep_value(item)));
            Ok(together(&all))
        }),
        Method::new("__contains__", Signature::positional(1, 1), |list, call| {
            let found = list.find(&call.value(0), |len| 0..len)?;
            Ok(found.is_some().into())
        }),
        Method::new("__delitem__", Signature::positional(1, 1), |list, call| {
            delete(list, &call.value(0))
        }),
        Method::new(
            "__getitem__",
            Signature::positional(1, 1),
            |list, call| match index(&call.value(0), "list")? {
                Index::At(at) => {
                    let state = list.lock();
                    let found = place(at, state.items.len()).map(|at| state.items[at].clone());
                    drop(state);
                    found.map(kept).ok_or_else(|| out_of_range("list index"))
                }
                Index::Slice(slice) => {
                    let state = list.lock();
                    let places = slice.iter(state.items.len());
                    let items: Vec<Stored> = places.map(|at| state.items[at].clone()).collect();
                    drop(state);
                    Ok(together(&items))
                }
            },
        ),
        Method::new("__len__", Signature::NONE, |list, _| {
            Ok(number(list.lock().items.len()).into())
        }),
        Method::new("__mul__", Signature::positional(1, 1), repeated),
        Method::new("__reversed__", Signature::positional(0, 0), |list, _| {
            let mut items = list.items().0;
            items.reverse();
            let values: Vec<Value> = items.iter().map(|item| item.value.clone()).collect();
            let iter = Value::call(&Value::global("builtins", "iter"), &[Value::list(&values)]);
            Ok(kept_together(iter, &items))
        }),
        Method::new("__rmul__", Signature::positional(1, 1), repeated),
        Method::new("__setitem__", Signature::positional(2, 2), set),
        Method::new("append", Signature::positional(1, 1), |list, call| {
            list.extend(vec![call.keep(0)])?;
            Ok(Answer::none())
        }),
        Method::new("count", Signature::positional(1, 1), |list, call| {
            let mut work = Work::default();
            let (wanted, mut count) = (call.value(0), 0);
            for item in list.values() {
                count += usize::from(equal(&item, &wanted, &mut work)?);
            }
            Ok(number(count).into())
        }),
        Method::new("extend", Signature::positional(1, 1), |list, call| {
            // Of a proxy of this very list, it is a copy that is gone through.
            list.extend(keep_all(call, &call.value(0))?)?;
            Ok(Answer::none())
        }),
        Method::new("index", Signature::positional(1, 3), |list, call| {
            let bound = |at: usize| match call.get(at) {
                None => Ok(None),
                Some(value) => value.as_i64().map(Some).ok_or_else(|| {
                    Exception::type_error(
                        "slice indices must be integers or have an __index__ method",
                    )
                }),
            };
            let (start, stop) = (bound(1)?.unwrap_or(0), bound(2)?.unwrap_or(i64::MAX));
            let clamp = |at: i64, len: usize| {
                let len = len as i64;
                let at = if at < 0 { at.saturating_add(len) } else { at };
                at.clamp(0, len) as usize
            };
            let found = list.find(&call.value(0), |len| clamp(start, len)..clamp(stop, len))?;
            match found {
                Some((at, _)) => Ok(number(at).into()),
                None => Err(Exception::value_error(format!(
                    "{} is not in list",
                    call.value(0).repr(200)
                ))),
            }
        }),
        Method::new("insert", Signature::positional(2, 2), |list, call| {
            let at = integer(&call.value(0))?;
            let item = call.keep(1);
            let mut state = list.lock();
            let len = state.items.len();
            let at = if at < 0 {
                at.saturating_add(len as i64)
            } else {
                at
            };
            state.splice(at.clamp(0, len as i64) as usize, 0, vec![item])?;
            Ok(Answer::none())
        }),
        Method::new("pop", Signature::positional(0, 1), |list, call| {
            let at = call.get(0).map_or(Ok(-1), integer)?;
            let mut state = list.lock();
            if state.items.is_empty() {
                return Err(Exception::builtin("IndexError", "pop from empty list"));
            }
            let place = place(at, state.items.len());
            let place = place.ok_or_else(|| out_of_range("pop index"))?;
            let mut removed = state.splice(place, 1, Vec::new())?;
            drop(state);
            Ok(kept(removed.pop().unwrap_or_default()))
        }),
        Method::new("remove", Signature::positional(1, 1), |list, call| {
            for _ in 0..TRIES {
                let found = list.find(&call.value(0), |len| 0..len)?;
                let Some((at, version)) = found else {
                    return Err(Exception::value_error("list.remove(x): x not in list"));
                };
                let mut state = list.lock();
                if state.version == version {
                    let removed = state.splice(at, 1, Vec::new());
                    drop(state);
                    drop(removed?);
                    return Ok(Answer::none());
                }
            }
            Err(Exception::runtime_error(
                "the list was changed by others all the time",
            ))
        }),
        Method::new("reverse", Signature::positional(0, 0), |list, _| {
            let mut state = list.lock();
            state.items.reverse();
            state.version += 1;
            Ok(Answer::none())
        }),
        Method::new("sort", Signature::with_keywords(0, usize::MAX), sorted),
        Method::new("__imul__", Signature::positional(1, 1), |list, call| {
            let times = times(&call.value(0))?;
            let mut state = list.lock();
            let len = state.items.len();
            let items = multiplied(&state.items, times)?;
            let removed = state.splice(0, len, items);
            drop(state);
            drop(removed?);
            // Python sends the whole list, and its proxy ignores it.
            Ok(Answer::none())
        }),
        // What proxies have since Python 3.14.
        Method::new("clear", Signature::positional(0, 0), |list, _| {
            let mut state = list.lock();
            let len = state.items.len();
            let removed = state.splice(0, len, Vec::new());
            drop(state);
            drop(removed?);
            Ok(Answer::none())
        }),
        Method::new("copy", Signature::positional(0, 0), |list, _| {
            Ok(together(&list.items().0))
        }),
    ],
);

fn plain_list(value: &Value) -> Option<Vec<Value>> {
    match value.kind() {
        inert_pickle::Kind::List(items) => Some(items.collect()),
        _ => None,
    }
}

/// What Python calls the type of a value, a proxy's by its class.
fn other_name(value: &Value) -> String {
    match value.as_call() {
        Some(("multiprocessing.managers", "RebuildProxy", mut args)) => {
            let class = args.next().unwrap_or_default();
            match class.kind() {
                inert_pickle::Kind::Global { name, .. } => name.to_string(),
                _ => "AutoProxy".to_string(),
            }
        }
        _ => value.type_name().to_string(),
    }
}

fn out_of_range(what: &str) -> Exception {
    Exception::builtin("IndexError", format!("{what} out of range"))
}

fn together(items: &[Stored]) -> Answer {
    kept_together(Value::list(items.iter().map(|item| &item.value)), items)
}

fn times(value: &Value) -> Result<usize, Exception> {
    Ok(usize::try_from(integer(value)?).unwrap_or(0))
}

fn multiplied(items: &[Stored], times: usize) -> Result<Vec<Stored>, Exception> {
    match items.len().checked_mul(times) {
        Some(count) if count <= MOST => Ok(items.iter().cycle().take(count).cloned().collect()),
        _ => Err(too_many()),
    }
}

fn repeated(list: &ListObject, call: &mut Call<'_>) -> Outcome {
    let times = times(&call.value(0))?;
    Ok(together(&multiplied(&list.items().0, times)?))
}

fn delete(list: &ListObject, at: &Value) -> Outcome {
    let mut removed = Vec::new();
    let mut state = list.lock();
    let len = state.items.len();
    match index(at, "list")? {
        Index::At(at) => {
            let at = place(at, len).ok_or_else(|| out_of_range("list assignment index"))?;
            removed = state.splice(at, 1, Vec::new())?;
        }
        Index::Slice(slice) if slice.is_plain() => {
            let (start, count, _) = slice.places(len);
            removed = state.splice(start.min(len), count, Vec::new())?;
        }
        Index::Slice(slice) => {
            let mut goes = vec![false; len];
            slice.iter(len).for_each(|at| goes[at] = true);
            let (mut stays, mut at) = (Vec::new(), goes.iter());
            for item in std::mem::take(&mut state.items) {
                match at.next() {
                    Some(true) => removed.push(item),
                    _ => stays.push(item),
                }
            }
            state.items = stays;
            state.version += 1;
            let bytes = removed.iter().map(Stored::memory).sum();
            state.account.give_back(bytes);
        }
    }
    drop(state);
    drop(removed);
    Ok(Answer::none())
}

fn set(list: &ListObject, call: &mut Call<'_>) -> Outcome {
    match index(&call.value(0), "list")? {
        Index::At(at) => {
            let item = call.keep(1);
            let mut state = list.lock();
            let at = place(at, state.items.len());
            let at = at.ok_or_else(|| out_of_range("list assignment index"))?;
            let replaced = state.splice(at, 1, vec![item]);
            drop(state);
            drop(replaced?);
        }
        Index::Slice(slice) => {
            let items = keep_all(call, &call.value(1)).map_err(|_| {
                let error = Exception::type_error("must assign iterable to extended slice");
                match slice.is_plain() {
                    true => error.formerly(Era::To311, "can only assign an iterable"),
                    false => error,
                }
            })?;
            let mut state = list.lock();
            let len = state.items.len();
            let (start, count, _) = slice.places(len);
            if slice.is_plain() {
                let replaced = state.splice(start.min(len), count, items);
                drop(state);
                drop(replaced?);
            } else if items.len() == count {
                let bytes = items.iter().map(Stored::memory).sum();
                state.account.charge(bytes)?;
                let mut replaced = Vec::new();
                for (at, item) in slice.iter(len).zip(items) {
                    replaced.push(std::mem::replace(&mut state.items[at], item));
                }
                state.version += 1;
                let bytes = replaced.iter().map(Stored::memory).sum();
                state.account.give_back(bytes);
                drop(state);
            } else {
                return Err(Exception::value_error(format!(
                    "attempt to assign sequence of size {} to extended slice of size {count}",
                    items.len()
                )));
            }
        }
    }
    Ok(Answer::none())
}
