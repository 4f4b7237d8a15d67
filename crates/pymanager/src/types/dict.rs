//! `dict`: shared by everyone who has a proxy, in the order of insertion.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dict_methods::DICT;
use super::iterate::pairs_of;
use super::packed::Packed;
use super::table::{Entry, Table};
use super::{Account, MOST, too_many};
use crate::object::{Call, Class, Exception, Object, Served};
use crate::pickle::semantics::{Fingerprint, Work};
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A dict. Its keys are equal when Python's would be, as far as that can be
/// told from data; see [`semantics`](crate::pickle::semantics).
#[derive(Debug)]
pub(crate) struct DictObject(pub(super) Mutex<State>);

#[derive(Debug)]
pub(super) struct State {
    pub(super) table: Table,
    account: Account,
}

impl State {
    pub(super) fn set(&mut self, entry: Entry) -> Result<Option<Packed>, Exception> {
        let bytes = entry.memory();
        if self.table.len() >= MOST {
            return Err(too_many());
        }
        self.account.charge(bytes)?;
        // The first key stays, as in Python.
        let Some(old) = self.table.get_mut(entry.fingerprint) else {
            self.table.push(entry);
            return Ok(None);
        };
        let before = old.memory();
        let was = std::mem::replace(&mut old.value, entry.value);
        let after = old.memory();
        self.account
            .give_back((before + bytes).saturating_sub(after));
        Ok(Some(was))
    }

    pub(super) fn remove(&mut self, key: Fingerprint) -> Option<Entry> {
        let removed = self.table.remove(key);
        self.removed(removed)
    }

    pub(super) fn remove_last(&mut self) -> Option<Entry> {
        let removed = self.table.remove_last();
        self.removed(removed)
    }

    fn removed(&mut self, entry: Option<Entry>) -> Option<Entry> {
        entry.inspect(|entry| self.account.give_back(entry.memory()))
    }
}

impl DictObject {
    pub(super) fn empty(call: &Call<'_>) -> Self {
        DictObject(Mutex::new(State {
            table: Table::default(),
            account: Account::new(call),
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().table.len()
    }

    pub(super) fn contains(&self, key: Fingerprint) -> bool {
        self.lock().table.get(key).is_some()
    }

    pub(super) fn get(&self, key: Fingerprint) -> Option<Packed> {
        let state = self.lock();
        state.table.get(key).map(|entry| entry.value.clone())
    }

    pub(super) fn clear(&self) {
        let mut state = self.lock();
        let table = state.table.take();
        let own = state.account.own;
        state.account.give_back(own);
        drop(state);
        // It may be large.
        drop(table);
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().table.iter().cloned().collect()
    }

    /// The keys, in order.
    pub(super) fn keys(&self) -> Vec<Value> {
        let state = self.lock();
        let keys: Vec<Packed> = state.table.iter().map(|entry| entry.key.clone()).collect();
        drop(state);
        keys.into_iter().map(Packed::value).collect()
    }

    /// Keys and values, in order.
    pub(super) fn pairs(&self) -> Vec<(Value, Value)> {
        let entries = self.entries().into_iter();
        entries
            .map(|entry| (entry.key.value(), entry.value.value()))
            .collect()
    }

    pub(super) fn update(
        &self,
        call: &Call<'_>,
        pairs: Vec<(Value, Value)>,
    ) -> Result<(), Exception> {
        for (key, value) in pairs {
            let entry = entry(call, &key, &value)?;
            // What it replaces may be much: dropped without the lock.
            let replaced = self.lock().set(entry)?;
            drop(replaced);
        }
        Ok(())
    }

    /// Updates from the argument at `index`, if there is one, and keywords.
    pub(super) fn update_from(&self, call: &Call<'_>, index: usize) -> Result<(), Exception> {
        if let Some(value) = call.get(index) {
            let (pairs, fault) = pairs_of(call, value)?;
            self.update(call, pairs)?;
            if let Some(fault) = fault {
                return Err(fault);
            }
        }
        self.update(call, call.keywords().to_vec())
    }
}

/// The key of an argument; a TypeError when it cannot be one.
pub(super) fn key(value: &Value) -> Result<Fingerprint, Exception> {
    Ok(Fingerprint::of(value, &mut Work::default())?)
}

pub(super) fn entry(call: &Call<'_>, key: &Value, value: &Value) -> Result<Entry, Exception> {
    let kept = call.keep_value(key);
    Ok(Entry {
        fingerprint: self::key(&kept.value)?,
        key: kept.into(),
        value: call.keep_value(value).into(),
    })
}

pub(super) fn absent(key: &Value) -> Exception {
    Exception::key_error(key.detach())
}

/// Makes a dict, as calling its class does.
pub(crate) fn new_dict(call: &mut Call<'_>) -> Result<Served, Exception> {
    let dict = DictObject::empty(call);
    dict.update_from(call, 0)?;
    Ok(Served::new(dict))
}

impl Object for DictObject {
    fn class(&self) -> &'static Class<Self> {
        &DICT
    }

    fn repr(&self, _address: &str) -> String {
        self.as_value().repr(10_000)
    }

    fn describe(&self, told: &mut ObjectStatus) {
        told.length = Some(self.len() as u64);
    }

    fn copy(&self) -> Result<Value, String> {
        Ok(self.as_value())
    }
}

impl DictObject {
    fn as_value(&self) -> Value {
        let pairs = self.pairs();
        Value::dict(pairs.iter().map(|(key, value)| (key, value)))
    }
}
