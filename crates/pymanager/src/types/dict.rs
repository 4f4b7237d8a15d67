//! `dict`: shared by everyone who has a proxy, in the order of insertion.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dict_methods::DICT;
use super::iterate::pairs_of;
use super::{Account, MOST, too_many};
use crate::object::{Call, Class, Exception, Object, Served, Stored};
use crate::pickle::semantics::{Key, Work};
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A dict. Its keys are equal when Python's would be, as far as that can be
/// told from data; see [`semantics`](crate::pickle::semantics).
#[derive(Debug)]
pub(crate) struct DictObject(pub(super) Mutex<State>);

#[derive(Debug)]
pub(super) struct State {
    /// When each key came, which is its place in the order.
    pub(super) places: HashMap<Key, u64>,
    pub(super) entries: BTreeMap<u64, Entry>,
    next: u64,
    pub(super) account: Account,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// What the key itself holds, should a proxy be in it.
    pub(super) key_stored: Stored,
    pub(super) value: Stored,
}

impl Entry {
    fn memory(&self) -> usize {
        // The key is in the map besides.
        2 * size_of::<Entry>() + self.key_stored.memory() + self.value.memory()
    }
}

impl State {
    pub(super) fn set(&mut self, entry: Entry) -> Result<Option<Stored>, Exception> {
        let bytes = entry.memory();
        if self.places.len() >= MOST {
            return Err(too_many());
        }
        self.account.charge(bytes)?;
        // The first key stays, as in Python.
        let place = match self.places.get(&entry.key) {
            Some(place) => *place,
            None => {
                self.next += 1;
                self.places.insert(entry.key.clone(), self.next);
                self.next
            }
        };
        match self.entries.get_mut(&place) {
            Some(old) => {
                let before = old.memory();
                let was = std::mem::replace(&mut old.value, entry.value);
                let after = old.memory();
                self.account
                    .give_back((before + bytes).saturating_sub(after));
                Ok(Some(was))
            }
            None => {
                self.entries.insert(place, entry);
                Ok(None)
            }
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(self.places.get(key)?)
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Entry> {
        let place = self.places.remove(key)?;
        self.take(place)
    }

    pub(super) fn remove_last(&mut self) -> Option<Entry> {
        let (place, entry) = self.entries.last_key_value()?;
        let (place, key) = (*place, entry.key.clone());
        self.places.remove(&key);
        self.take(place)
    }

    fn take(&mut self, place: u64) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        self.account.give_back(entry.memory());
        if self.places.is_empty() && self.places.capacity() > 1_024 {
            self.places = HashMap::new();
        }
        Some(entry)
    }
}

impl DictObject {
    pub(super) fn empty(call: &Call<'_>) -> Self {
        DictObject(Mutex::new(State {
            places: HashMap::new(),
            entries: BTreeMap::new(),
            next: 0,
            account: Account::new(call),
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        let mut state = self.lock();
        let entries = std::mem::take(&mut state.entries);
        let places = std::mem::take(&mut state.places);
        let own = state.account.own;
        state.account.give_back(own);
        drop(state);
        // They may be many.
        drop((entries, places));
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().entries.values().cloned().collect()
    }

    /// The keys, in order.
    pub(super) fn keys(&self) -> Vec<Value> {
        let state = self.lock();
        let keys = state.entries.values();
        keys.map(|entry| entry.key_stored.value.clone()).collect()
    }

    /// Keys and values, in order.
    pub(super) fn pairs(&self) -> Vec<(Value, Value)> {
        let state = self.lock();
        let entries = state.entries.values();
        let pair = |entry: &Entry| (entry.key_stored.value.clone(), entry.value.value.clone());
        entries.map(pair).collect()
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
pub(super) fn key(value: &Value) -> Result<Key, Exception> {
    Ok(Key::new(value.detach(), &mut Work::default())?)
}

pub(super) fn entry(call: &Call<'_>, key: &Value, value: &Value) -> Result<Entry, Exception> {
    let key_stored = call.keep_value(key);
    Ok(Entry {
        key: Key::new(key_stored.value.clone(), &mut Work::default())?,
        key_stored,
        value: call.keep_value(value),
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
        told.length = Some(self.lock().entries.len() as u64);
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
