//! `Value`: one value that everybody can read and replace.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Account, kept};
use crate::object::{Answer, Call, Class, Exception, Method, Object, Served, Signature, Stored};
use inert_pickle::Value;

#[derive(Debug)]
pub(crate) struct ValueObject {
    typecode: Stored,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    value: Stored,
    account: Account,
}

impl ValueObject {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, value: Stored) -> Result<(), Exception> {
        let mut state = self.lock();
        state.account.charge(value.memory())?;
        let was = std::mem::replace(&mut state.value, value);
        state.account.give_back(was.memory());
        drop(state);
        drop(was);
        Ok(())
    }
}

/// Makes a value, as calling `Value` does. As there, neither the typecode nor
/// the value's type is looked at.
pub(crate) fn new_value(call: &mut Call<'_>) -> Result<Served, Exception> {
    let mut account = Account::new(call);
    let (typecode, value) = (call.keep(0), call.keep(1));
    account.charge(typecode.memory() + value.memory())?;
    let state = Mutex::new(State { value, account });
    Ok(Served::new(ValueObject { typecode, state }))
}

static VALUE: Class<ValueObject> = Class::new(
    "multiprocessing.managers.Value",
    &[
        Method::new("get", Signature::NONE, |object, _| {
            let value = object.lock().value.clone();
            Ok(kept(value))
        }),
        Method::new("set", Signature::named(&["value"], 1), |object, call| {
            object.set(call.keep(0))?;
            Ok(Answer::none())
        }),
    ],
);

impl Object for ValueObject {
    fn class(&self) -> &'static Class<Self> {
        &VALUE
    }

    fn repr(&self, _address: &str) -> String {
        let value = self.lock().value.value.clone();
        let (typecode, value) = (self.typecode.value.repr(100), value.repr(10_000));
        format!("Value({typecode}, {value})")
    }

    fn copy(&self) -> Result<Value, String> {
        let value = self.lock().value.value.clone();
        let pairs = [
            (Value::from("_typecode"), self.typecode.value.clone()),
            ("_value".into(), value),
        ];
        let state = Value::dict(pairs.iter().map(|(name, value)| (name, value)));
        let class = Value::global("multiprocessing.managers", "Value");
        Ok(Value::instance(&class, &[], Some(&state)))
    }
}
