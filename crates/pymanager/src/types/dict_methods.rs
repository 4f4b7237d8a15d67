//! The methods of `dict`, one row each, and its iterator.

use std::sync::{Arc, Mutex, PoisonError};

use super::dict::{DictObject, Entry, absent, entry, key};
use super::iterate::{items_of, pairs_of};
use super::{kept, kept_together};
use crate::object::{Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature};
use crate::queue::number;
use inert_pickle::Value;

pub(super) static DICT: Class<DictObject> = Class::new(
    "dict",
    &[
        Method::new("__contains__", Signature::positional(1, 1), |dict, call| {
            let key = key(&call.value(0))?;
            Ok(dict.lock().places.contains_key(&key).into())
        }),
        Method::new("__delitem__", Signature::positional(1, 1), |dict, call| {
            let key = key(&call.value(0))?;
            let removed = dict.lock().remove(&key);
            match removed {
                Some(_) => Ok(Answer::none()),
                None => Err(absent(&call.value(0))),
            }
        }),
        Method::new("__getitem__", Signature::positional(1, 1), |dict, call| {
            let key = key(&call.value(0))?;
            let found = dict.lock().get(&key).map(|entry| entry.value.clone());
            found.map(kept).ok_or_else(|| absent(&call.value(0)))
        }),
        Method::new("__iter__", Signature::NONE, |dict, call| {
            let iterator = DictIterator {
                expected: dict.lock().entries.len(),
                dict: call.this::<DictObject>().ok_or_else(not_here)?,
                last: Mutex::new(0),
            };
            Ok(Answer::Proxy("Iterator", Served::new(iterator)))
        }),
        Method::new("__len__", Signature::NONE, |dict, _| {
            Ok(number(dict.lock().entries.len()).into())
        }),
        Method::new("__setitem__", Signature::positional(2, 2), |dict, call| {
            dict.update(call, vec![(call.value(0), call.value(1))])?;
            Ok(Answer::none())
        }),
        Method::new("clear", Signature::positional(0, 0), |dict, _| {
            dict.clear();
            Ok(Answer::none())
        }),
        Method::new("copy", Signature::positional(0, 0), |dict, _| {
            Ok(together(dict))
        }),
        Method::new("get", Signature::positional(1, 2), |dict, call| {
            let key = key(&call.value(0))?;
            let found = dict.lock().get(&key).map(|entry| entry.value.clone());
            Ok(found.map_or_else(|| call.value(1).into(), kept))
        }),
        Method::new("items", Signature::positional(0, 0), |dict, _| {
            let entries = dict.entries();
            let pairs = entries.iter();
            let pairs: Vec<Value> = pairs
                .map(|entry| Value::tuple([&entry.key_stored.value, &entry.value.value]))
                .collect();
            Ok(view(&pairs, &entries))
        }),
        Method::new("keys", Signature::positional(0, 0), |dict, _| {
            Ok(view(&dict.keys(), &[]))
        }),
        Method::new("pop", Signature::positional(1, 2), |dict, call| {
            let key = key(&call.value(0))?;
            let removed = dict.lock().remove(&key);
            match (removed, call.get(1)) {
                (Some(entry), _) => Ok(kept(entry.value)),
                (None, Some(default)) => Ok(default.clone().into()),
                (None, None) => Err(absent(&call.value(0))),
            }
        }),
        Method::new("popitem", Signature::positional(0, 0), |dict, _| {
            let last = dict.lock().remove_last();
            let Some(last) = last else {
                return Err(Exception::key_error("popitem(): dictionary is empty"));
            };
            let pair = Value::tuple([&last.key_stored.value, &last.value.value]);
            Ok(kept_together(pair, [&last.key_stored, &last.value]))
        }),
        Method::new("setdefault", Signature::positional(1, 2), |dict, call| {
            let entry = entry(call, &call.value(0), &call.value(1))?;
            let value = entry.value.clone();
            let mut state = dict.lock();
            if let Some(found) = state.get(&entry.key).map(|entry| entry.value.clone()) {
                drop(state);
                return Ok(kept(found));
            }
            state.set(entry)?;
            drop(state);
            Ok(kept(value))
        }),
        Method::new("update", Signature::with_keywords(0, 1), |dict, call| {
            dict.update_from(call, 0)?;
            Ok(Answer::none())
        }),
        Method::new("values", Signature::positional(0, 0), |dict, _| {
            let entries = dict.entries();
            let values = entries.iter();
            let values: Vec<Value> = values.map(|entry| entry.value.value.clone()).collect();
            Ok(view(&values, &entries))
        }),
        // What proxies have since Python 3.14.
        Method::new("__ior__", Signature::positional(1, 1), |dict, call| {
            dict.update_from(call, 0)?;
            Ok(together(dict))
        }),
        Method::new("__or__", Signature::positional(1, 1), |dict, call| {
            let (pairs, fault) = pairs_of(call, &call.value(0))?;
            merged(call, dict.pairs().into_iter().chain(pairs), fault)
        }),
        Method::new("__ror__", Signature::positional(1, 1), |dict, call| {
            let (pairs, fault) = pairs_of(call, &call.value(0))?;
            merged(call, pairs.into_iter().chain(dict.pairs()), fault)
        }),
        Method::new("__reversed__", Signature::positional(0, 0), |dict, _| {
            let mut keys = dict.keys();
            keys.reverse();
            let iter = Value::global("builtins", "iter");
            Ok(Value::call(&iter, &[Value::list(&keys)]).into())
        }),
        Method::new("fromkeys", Signature::positional(1, 2), |_, call| {
            let keys = items_of(call, &call.value(0))?;
            let value = call.value(1);
            let pairs = keys.into_iter().map(|key| (key, value.clone()));
            merged(call, pairs, None)
        }),
    ],
);

fn not_here() -> Exception {
    Exception::runtime_error("the object is not here any more")
}

/// All of a dict as data.
fn together(dict: &DictObject) -> Answer {
    let entries = dict.entries();
    let value = Value::dict(
        entries
            .iter()
            .map(|entry| (&entry.key_stored.value, &entry.value.value)),
    );
    kept_together(value, entries.iter().map(|entry| &entry.value))
}

/// `keys()`, `values()` or `items()`: Python's managers send a list.
fn view(items: &[Value], held: &[Entry]) -> Answer {
    let list = Value::global("builtins", "list");
    let value = Value::call(&list, &[Value::list(items)]);
    kept_together(value, held.iter().map(|entry| &entry.value))
}

/// A plain dict of these pairs, the later ones winning.
fn merged(
    call: &Call<'_>,
    pairs: impl Iterator<Item = (Value, Value)>,
    fault: Option<Exception>,
) -> Outcome {
    if let Some(fault) = fault {
        return Err(fault);
    }
    let dict = DictObject::empty(call);
    dict.update(call, pairs.collect())?;
    Ok(together(&dict))
}

/// The iterator that `iter(proxy)` gets.
#[derive(Debug)]
struct DictIterator {
    dict: Arc<DictObject>,
    expected: usize,
    /// The place of the key that came last.
    last: Mutex<u64>,
}

static ITERATOR: Class<DictIterator> = Class::new(
    "dict_keyiterator",
    &[Method::new(
        "__next__",
        Signature::positional(0, 0),
        |iterator, _| {
            let mut last = iterator.last.lock().unwrap_or_else(PoisonError::into_inner);
            let state = iterator.dict.lock();
            if *last == u64::MAX {
                return Err(Exception::new("builtins", "StopIteration", Vec::new()));
            }
            if state.entries.len() != iterator.expected {
                return Err(Exception::runtime_error(
                    "dictionary changed size during iteration",
                ));
            }
            match state.entries.range(*last + 1..).next() {
                Some((place, entry)) => {
                    *last = *place;
                    Ok(kept(entry.key_stored.clone()))
                }
                None => {
                    *last = u64::MAX;
                    Err(Exception::new("builtins", "StopIteration", Vec::new()))
                }
            }
        },
    )],
);

impl Object for DictIterator {
    fn class(&self) -> &'static Class<Self> {
        &ITERATOR
    }
}
