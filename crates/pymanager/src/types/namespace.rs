//! `Namespace`: attributes that everybody can read and set.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Account, MOST, kept, too_many};
use crate::object::{
    Answer, Call, Class, Era, Exception, Method, Object, Served, Signature, Stored,
};
use inert_pickle::Value;

#[derive(Debug)]
pub(crate) struct NamespaceObject(Mutex<State>);

#[derive(Debug)]
struct State {
    attributes: BTreeMap<String, Stored>,
    account: Account,
}

impl NamespaceObject {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, name: &Value, value: Stored) -> Result<(), Exception> {
        let name = attribute(name)?;
        if name.starts_with("__") {
            return Err(Exception::attribute_error(format!(
                "attribute '{name:.100}' cannot be set here"
            )));
        }
        let mut state = self.lock();
        if state.attributes.len() >= MOST {
            return Err(too_many());
        }
        let name_size = name.len() + size_of::<(String, Stored)>();
        state.account.charge(name_size + value.memory())?;
        let was = state.attributes.insert(name, value);
        if let Some(was) = &was {
            state.account.give_back(name_size + was.memory());
        }
        drop(state);
        drop(was);
        Ok(())
    }
}

fn attribute(name: &Value) -> Result<String, Exception> {
    match name.as_str() {
        Some(name) => Ok(name.to_string()),
        None => Err(Exception::type_error(format!(
            "attribute name must be string, not '{}'",
            name.type_name()
        ))),
    }
}

fn absent(name: &str) -> Exception {
    Exception::attribute_error(format!("'Namespace' object has no attribute '{name:.100}'"))
}

/// Makes a namespace, as calling its class does.
pub(crate) fn new_namespace(call: &mut Call<'_>) -> Result<Served, Exception> {
    let object = NamespaceObject(Mutex::new(State {
        attributes: BTreeMap::new(),
        account: Account::new(call),
    }));
    for (name, value) in call.keywords() {
        object.set(name, call.keep_value(value))?;
    }
    Ok(Served::new(object))
}

static NAMESPACE: Class<NamespaceObject> = Class::new(
    "multiprocessing.managers.Namespace",
    &[
        Method::new(
            "__getattribute__",
            Signature::positional(1, 1),
            |object, call| {
                let name = attribute(&call.value(0))?;
                let found = object.lock().attributes.get(&name).cloned();
                found.map(kept).ok_or_else(|| absent(&name))
            },
        ),
        Method::new(
            "__setattr__",
            Signature::positional(2, 2),
            |object, call| {
                object.set(&call.value(0), call.keep(1))?;
                Ok(Answer::none())
            },
        ),
        Method::new(
            "__delattr__",
            Signature::positional(1, 1),
            |object, call| {
                let name = attribute(&call.value(0))?;
                let mut state = object.lock();
                let was = state.attributes.remove(&name);
                let Some(was) = was else {
                    return Err(absent(&name).formerly(Era::To37, format!("{name:.100}")));
                };
                let size = name.len() + size_of::<(String, Stored)>() + was.memory();
                state.account.give_back(size);
                drop(state);
                Ok(Answer::none())
            },
        ),
    ],
);

impl Object for NamespaceObject {
    fn class(&self) -> &'static Class<Self> {
        &NAMESPACE
    }

    fn repr(&self, _address: &str) -> String {
        let attributes = self.lock().attributes.clone();
        let shown: Vec<String> = attributes
            .iter()
            .filter(|(name, _)| !name.starts_with('_'))
            .map(|(name, value)| format!("{name}={}", value.value.repr(1_000)))
            .collect();
        format!("Namespace({})", shown.join(", "))
    }

    fn copy(&self) -> Result<Value, String> {
        let attributes = self.lock().attributes.clone();
        let pairs: Vec<(Value, Value)> = attributes
            .into_iter()
            .map(|(name, value)| (name.as_str().into(), value.value))
            .collect();
        let state = Value::dict(pairs.iter().map(|(name, value)| (name, value)));
        let class = Value::global("multiprocessing.managers", "Namespace");
        Ok(Value::instance(&class, &[], Some(&state)))
    }
}
