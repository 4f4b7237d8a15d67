//! `set`, as Python's managers have it since 3.14.

use std::collections::HashSet;

use super::dict::{DictObject, absent, entry, key};
use super::iterate::items_of;
use super::kept_with;
use super::table::Entry;
use crate::object::{Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature};
use crate::pickle::semantics::Fingerprint;
use crate::queue::number;
use crate::status::ObjectStatus;
use inert_pickle::{Kind, Value};

/// A set: the keys of a dict, in the order in which they came.
#[derive(Debug)]
pub(crate) struct SetObject(DictObject);

impl SetObject {
    /// The elements.
    pub(super) fn values(&self) -> Vec<Value> {
        self.0.keys()
    }
}

/// Makes a set, as calling its class does.
pub(crate) fn new_set(call: &mut Call<'_>) -> Result<Served, Exception> {
    let set = SetObject(DictObject::empty(call));
    if let Some(items) = call.get(0) {
        for element in elements(call, items)? {
            add(&set, element)?;
        }
    }
    Ok(Served::new(set))
}

fn add(set: &SetObject, element: Entry) -> Result<(), Exception> {
    let mut state = set.0.lock();
    // Of equal elements, the first one stays.
    if state.table.get(element.fingerprint).is_none() {
        state.set(element)?;
    }
    Ok(())
}

fn remove(set: &SetObject, key: Fingerprint) -> Option<Entry> {
    set.0.lock().remove(key)
}

/// What is in an iterable, as elements: all of them have to be hashable.
fn elements(call: &Call<'_>, value: &Value) -> Result<Vec<Entry>, Exception> {
    let items = items_of(call, value)?;
    let entries = items.iter().map(|item| entry(call, item, &Value::none()));
    entries.collect()
}

/// What is in all iterables that were given.
fn all_elements(call: &Call<'_>) -> Result<Vec<Vec<Entry>>, Exception> {
    let given = (0..).map_while(|index| call.get(index));
    given.map(|value| elements(call, value)).collect()
}

/// The elements of an operand, which has to be a set.
fn operand(call: &Call<'_>) -> Result<Option<Vec<Entry>>, Exception> {
    let value = call.value(0);
    let is_set = matches!(value.kind(), Kind::Set(_) | Kind::FrozenSet(_));
    let is_ours = || {
        let served = call.resolve(&value);
        served.is_some_and(|served| served.downcast::<SetObject>().is_some())
    };
    match is_set || is_ours() {
        true => elements(call, &value).map(Some),
        false => Ok(None),
    }
}

/// An element to look for. A set stands for the frozenset with the same elements.
fn wanted(call: &Call<'_>) -> Result<Fingerprint, Exception> {
    let value = call.value(0);
    match value.kind() {
        Kind::Set(items) => {
            let items: Vec<Value> = items.collect();
            key(&Value::frozenset(&items))
        }
        _ => key(&value),
    }
}

fn keys(entries: &[Entry]) -> HashSet<Fingerprint> {
    entries.iter().map(|entry| entry.fingerprint).collect()
}

/// How two sets make a third.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    And,
    Or,
    Sub,
    Xor,
}

fn joined(mut left: Vec<Entry>, how: Joined, mut right: Vec<Entry>) -> Vec<Entry> {
    let (in_left, in_right) = (keys(&left), keys(&right));
    match how {
        Joined::And => left.retain(|entry| in_right.contains(&entry.fingerprint)),
        Joined::Sub | Joined::Xor => left.retain(|entry| !in_right.contains(&entry.fingerprint)),
        Joined::Or => {}
    }
    if matches!(how, Joined::Or | Joined::Xor) {
        let mut seen = in_left;
        right.retain(|entry| seen.insert(entry.fingerprint));
        left.append(&mut right);
    }
    left
}

/// Elements as a set of data.
fn told(entries: &[Entry]) -> Answer {
    let keys = entries.iter().map(|entry| entry.key.clone().value());
    let value = Value::set(&keys.collect::<Vec<Value>>());
    kept_with(value, entries.iter().map(|entry| entry.key.holds()))
}

fn not_implemented() -> Outcome {
    Ok(Value::global("builtins", "NotImplemented").into())
}

/// An operator: `set how operand`, or the other way round.
fn operator(set: &SetObject, call: &Call<'_>, how: Joined, reflected: bool) -> Outcome {
    let Some(other) = operand(call)? else {
        return not_implemented();
    };
    let own = set.0.entries();
    Ok(told(&match reflected {
        false => joined(own, how, other),
        true => joined(other, how, own),
    }))
}

/// The set becomes `set how other`.
fn change(set: &SetObject, how: Joined, other: Vec<Entry>) -> Result<(), Exception> {
    match how {
        Joined::Or => {
            for element in other {
                add(set, element)?;
            }
        }
        Joined::Sub => {
            for element in &other {
                remove(set, element.fingerprint);
            }
        }
        Joined::And => {
            let stay = keys(&other);
            for element in set.0.entries() {
                if !stay.contains(&element.fingerprint) {
                    remove(set, element.fingerprint);
                }
            }
        }
        Joined::Xor => {
            // Each of them once.
            for element in joined(Vec::new(), Joined::Or, other) {
                if remove(set, element.fingerprint).is_none() {
                    add(set, element)?;
                }
            }
        }
    }
    Ok(())
}

/// An operator that changes the set: the proxy ignores what comes back.
fn in_place(set: &SetObject, call: &Call<'_>, how: Joined) -> Outcome {
    match operand(call)? {
        Some(other) => change(set, how, other).map(|()| Answer::none()),
        None => not_implemented(),
    }
}

/// A method that takes any number of iterables.
fn method(set: &SetObject, call: &Call<'_>, how: Joined) -> Outcome {
    let others = all_elements(call)?.into_iter();
    let all = others.fold(set.0.entries(), |all, other| joined(all, how, other));
    Ok(told(&all))
}

fn update(set: &SetObject, call: &Call<'_>, how: Joined) -> Outcome {
    for other in all_elements(call)? {
        change(set, how, other)?;
    }
    Ok(Answer::none())
}

/// Whether `all` are among `of`, and how many each of them are.
fn within(all: &[Entry], of: &[Entry]) -> (bool, usize, usize) {
    let (all, of) = (keys(all), keys(of));
    (all.is_subset(&of), all.len(), of.len())
}

fn compared(
    set: &SetObject,
    call: &Call<'_>,
    reflected: bool,
    of: fn((bool, usize, usize)) -> bool,
) -> Outcome {
    let Some(other) = operand(call)? else {
        return not_implemented();
    };
    let own = set.0.entries();
    Ok(of(match reflected {
        false => within(&own, &other),
        true => within(&other, &own),
    })
    .into())
}

const ONE: Signature = Signature::positional(1, 1);
const MANY: Signature = Signature::positional(0, usize::MAX);

static SET: Class<SetObject> = Class::new(
    "set",
    &[
        Method::new("__and__", ONE, |set, call| {
            operator(set, call, Joined::And, false)
        }),
        Method::new("__contains__", ONE, |set, call| {
            Ok(set.0.contains(wanted(call)?).into())
        }),
        Method::new("__iand__", ONE, |set, call| {
            in_place(set, call, Joined::And)
        }),
        Method::new("__ior__", ONE, |set, call| in_place(set, call, Joined::Or)),
        Method::new("__isub__", ONE, |set, call| {
            in_place(set, call, Joined::Sub)
        }),
        Method::new("__iter__", Signature::NONE, |set, _| {
            let iter = Value::global("builtins", "iter");
            Ok(Value::call(&iter, &[Value::list(&set.values())]).into())
        }),
        Method::new("__ixor__", ONE, |set, call| {
            in_place(set, call, Joined::Xor)
        }),
        Method::new("__len__", Signature::NONE, |set, _| {
            Ok(number(set.0.len()).into())
        }),
        Method::new("__or__", ONE, |set, call| {
            operator(set, call, Joined::Or, false)
        }),
        Method::new("__rand__", ONE, |set, call| {
            operator(set, call, Joined::And, true)
        }),
        Method::new("__ror__", ONE, |set, call| {
            operator(set, call, Joined::Or, true)
        }),
        Method::new("__rsub__", ONE, |set, call| {
            operator(set, call, Joined::Sub, true)
        }),
        Method::new("__rxor__", ONE, |set, call| {
            operator(set, call, Joined::Xor, true)
        }),
        Method::new("__sub__", ONE, |set, call| {
            operator(set, call, Joined::Sub, false)
        }),
        Method::new("__xor__", ONE, |set, call| {
            operator(set, call, Joined::Xor, false)
        }),
        Method::new("__ge__", ONE, |set, call| {
            compared(set, call, true, |(within, ..)| within)
        }),
        Method::new("__gt__", ONE, |set, call| {
            compared(set, call, true, |(within, all, of)| within && all < of)
        }),
        Method::new("__le__", ONE, |set, call| {
            compared(set, call, false, |(within, ..)| within)
        }),
        Method::new("__lt__", ONE, |set, call| {
            compared(set, call, false, |(within, all, of)| within && all < of)
        }),
        Method::new("add", ONE, |set, call| {
            add(set, entry(call, &call.value(0), &Value::none())?)?;
            Ok(Answer::none())
        }),
        Method::new("clear", Signature::positional(0, 0), |set, _| {
            set.0.clear();
            Ok(Answer::none())
        }),
        Method::new("copy", Signature::positional(0, 0), |set, _| {
            Ok(told(&set.0.entries()))
        }),
        Method::new("difference", MANY, |set, call| {
            method(set, call, Joined::Sub)
        }),
        Method::new("difference_update", MANY, |set, call| {
            update(set, call, Joined::Sub)
        }),
        Method::new("discard", ONE, |set, call| {
            drop(remove(set, wanted(call)?));
            Ok(Answer::none())
        }),
        Method::new("intersection", MANY, |set, call| {
            method(set, call, Joined::And)
        }),
        Method::new("intersection_update", MANY, |set, call| {
            update(set, call, Joined::And)
        }),
        Method::new("isdisjoint", ONE, |set, call| {
            let other = elements(call, &call.value(0))?;
            let own = set.0.entries();
            Ok(keys(&own).is_disjoint(&keys(&other)).into())
        }),
        Method::new("issubset", ONE, |set, call| {
            let other = elements(call, &call.value(0))?;
            Ok(within(&set.0.entries(), &other).0.into())
        }),
        Method::new("issuperset", ONE, |set, call| {
            let other = elements(call, &call.value(0))?;
            Ok(within(&other, &set.0.entries()).0.into())
        }),
        Method::new("pop", Signature::positional(0, 0), |set, _| {
            let taken = set.0.lock().remove_last();
            match taken {
                Some(taken) => Ok(super::kept(taken.key.into())),
                None => Err(Exception::key_error("pop from an empty set")),
            }
        }),
        Method::new("remove", ONE, |set, call| {
            match remove(set, wanted(call)?) {
                Some(_) => Ok(Answer::none()),
                None => Err(absent(&call.value(0))),
            }
        }),
        Method::new("symmetric_difference", ONE, |set, call| {
            method(set, call, Joined::Xor)
        }),
        Method::new("symmetric_difference_update", ONE, |set, call| {
            update(set, call, Joined::Xor)
        }),
        Method::new("union", MANY, |set, call| method(set, call, Joined::Or)),
        Method::new("update", MANY, |set, call| update(set, call, Joined::Or)),
    ],
);

impl Object for SetObject {
    fn class(&self) -> &'static Class<Self> {
        &SET
    }

    fn repr(&self, _address: &str) -> String {
        Value::set(&self.values()).repr(10_000)
    }

    fn copy(&self) -> Result<Value, String> {
        Ok(Value::set(&self.values()))
    }

    fn describe(&self, told: &mut ObjectStatus) {
        told.length = Some(self.0.len() as u64);
    }
}
