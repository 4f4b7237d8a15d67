//! The methods of `dict`, one row each, and its iterator.

use std::sync::{Arc, Mutex, PoisonError};

use super::dict::{DictObject, absent, entry, key};
use super::iterate::{items_of, pairs_of};
use super::packed::Packed;
use super::table::{Entry, Place};
use super::{kept, kept_with};
use crate::object::{Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature};
use crate::queue::number;
use inert_pickle::Value;

pub(super) static DICT: Class<DictObject> = Class::new(
    "dict",
    &[
        Method::new("__contains__", Signature::positional(1, 1), |dict, call| {
            let key = key(&call.value(0))?;
            Ok(dict.contains(key).into())
        }),
        Method::new("__delitem__", Signature::positional(1, 1), |dict, call| {
            let key = key(&call.value(0))?;
            let removed = dict.lock().remove(key);
            match removed {
                Some(_) => Ok(Answer::none()),
                None => Err(absent(&call.value(0))),
            }
        }),
        Method::new("__getitem__", Signature::positional(1, 1), |dict, call| {
            let key = key(&call.value(0))?;
            let found = dict.get(key).map(|value| kept(value.into()));
            found.ok_or_else(|| absent(&call.value(0)))
        }),
        Method::new("__iter__", Signature::NONE, |dict, call| {
            let iterator = DictIterator {
                expected: dict.len(),
                dict: call.this::<DictObject>().ok_or_else(not_here)?,
                last: Mutex::new(0),
            };
            Ok(Answer::Proxy("Iterator", Served::new(iterator)))
        }),
        Method::new("__len__", Signature::NONE, |dict, _| {
            Ok(number(dict.len()).into())
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
            let found = dict.get(key).map(|value| kept(value.into()));
            Ok(found.unwrap_or_else(|| call.value(1).into()))
        }),
        Method::new("items", Signature::positional(0, 0), |dict, _| {
            Ok(view(dict.entries(), |entry| {
                Value::tuple([&entry.key.value(), &entry.value.value()])
            }))
        }),
        Method::new("keys", Signature::positional(0, 0), |dict, _| {
            Ok(list(&dict.keys()).into())
        }),
        Method::new("pop", Signature::positional(1, 2), |dict, call| {
            let key = key(&call.value(0))?;
            let removed = dict.lock().remove(key);
            match (removed, call.get(1)) {
                (Some(entry), _) => Ok(kept(entry.value.into())),
                (None, Some(default)) => Ok(default.clone().into()),
                (None, None) => Err(absent(&call.value(0))),
            }
        }),
        Method::new("popitem", Signature::positional(0, 0), |dict, _| {
            let last = dict.lock().remove_last();
            let Some(last) = last else {
                return Err(Exception::key_error("popitem(): dictionary is empty"));
            };
            let holds = [last.key.clone(), last.value.clone()];
            let pair = Value::tuple([&last.key.value(), &last.value.value()]);
            Ok(kept_with(pair, holds.iter().map(Packed::holds)))
        }),
        Method::new("setdefault", Signature::positional(1, 2), |dict, call| {
            let entry = entry(call, &call.value(0), &call.value(1))?;
            let value = entry.value.clone();
            let mut state = dict.lock();
            if let Some(found) = state.table.get(entry.fingerprint) {
                let found = found.value.clone();
                drop(state);
                return Ok(kept(found.into()));
            }
            state.set(entry)?;
            drop(state);
            Ok(kept(value.into()))
        }),
        Method::new("update", Signature::with_keywords(0, 1), |dict, call| {
            dict.update_from(call, 0)?;
            Ok(Answer::none())
        }),
        Method::new("values", Signature::positional(0, 0), |dict, _| {
            Ok(view(dict.entries(), |entry| entry.value.value()))
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
    told(dict.entries(), |pairs| {
        let pairs: Vec<(Value, Value)> = pairs
            .map(|entry| (entry.key.value(), entry.value.value()))
            .collect();
        Value::dict(pairs.iter().map(|(key, value)| (key, value)))
    })
}

/// `values()` or `items()`, of which `item` makes one.
fn view(entries: Vec<Entry>, item: impl Fn(Entry) -> Value) -> Answer {
    told(entries, |entries| {
        list(&entries.map(item).collect::<Vec<Value>>())
    })
}

/// Python's managers send a list for a view.
fn list(items: &[Value]) -> Value {
    Value::call(&Value::global("builtins", "list"), &[Value::list(items)])
}

/// What `make` makes of entries; what their values hold is held for it.
fn told(entries: Vec<Entry>, make: impl FnOnce(std::vec::IntoIter<Entry>) -> Value) -> Answer {
    let held: Vec<Packed> = entries
        .iter()
        .map(|entry| &entry.value)
        .filter(|value| !value.holds().is_empty())
        .cloned()
        .collect();
    let value = make(entries.into_iter());
    kept_with(value, held.iter().map(Packed::holds))
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
    last: Mutex<Place>,
}

static ITERATOR: Class<DictIterator> = Class::new(
    "dict_keyiterator",
    &[Method::new(
        "__next__",
        Signature::positional(0, 0),
        |iterator, _| {
            let mut last = iterator.last.lock().unwrap_or_else(PoisonError::into_inner);
            let state = iterator.dict.lock();
            if *last == Place::MAX {
                return Err(Exception::new("builtins", "StopIteration", Vec::new()));
            }
            if state.table.len() != iterator.expected {
                return Err(Exception::runtime_error(
                    "dictionary changed size during iteration",
                ));
            }
            match state.table.after(*last) {
                Some((place, entry)) => {
                    *last = place;
                    Ok(kept(entry.key.clone().into()))
                }
                None => {
                    *last = Place::MAX;
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
