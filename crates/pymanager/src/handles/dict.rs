//! `dict`.

use super::{Handle, Local, Quick, Types, handle, items, unless};
use crate::error::Error;
use crate::types;
use inert_pickle::{Data, Value};

/// A dict that several programs share, in the order of insertion.
///
/// Each call is atomic. Two calls are not: when several programs do `d[k] += 1`,
/// they need a [`Lock`](super::Lock). Beyond the errors
/// named below, each call may fail with those of a broken connection, and with
/// [`Error::Pickle`] when a key or value is not of these types.
///
/// ```
/// use pymanager::SharedDict;
///
/// let ages = SharedDict::<String, u32>::new();
/// ages.insert("alice", &31)?;
/// assert_eq!(ages.get("alice")?, Some(31));
/// assert_eq!(ages.remove("bob")?, None);
/// assert_eq!(ages.items()?, [("alice".to_string(), 31)]);
/// # Ok::<(), pymanager::Error>(())
/// ```
pub struct Dict<H, K = Value, V = Value> {
    pub(super) handle: H,
    pub(super) types: Types<(K, V)>,
}

handle!(Dict<K, V>, RemoteDict, SharedDict);

impl<K: Data, V: Data> Dict<Local, K, V> {
    /// An empty dict of this program's own.
    pub fn new() -> Self {
        Local::new(types::new_dict, [])
            .expect("an empty dict")
            .into()
    }
}

impl<K: Data, V: Data> Default for Dict<Local, K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle, K: Data, V: Data> Dict<H, K, V> {
    /// The value of a key, if it is there.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn get(&self, key: impl Into<K>) -> Result<Option<V>, Error> {
        unless(
            "KeyError",
            self.handle.ask("__getitem__", &[key.into().to_value()?]),
        )
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `MemoryError`, when the manager may hold no more.
    pub fn insert(&self, key: impl Into<K>, value: &V) -> Result<(), Error> {
        let entry = [key.into().to_value()?, value.to_value()?];
        self.handle.tell("__setitem__", &entry)
    }

    /// The value of a key. If it has none, sets it to `value` first; of several
    /// programs that try, only one sets it.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn get_or_insert(&self, key: impl Into<K>, value: &V) -> Result<V, Error> {
        let entry = [key.into().to_value()?, value.to_value()?];
        Ok(V::from_value(self.handle.ask("setdefault", &entry)?)?)
    }

    /// Sets the values of many keys with one message.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn update(&self, entries: impl IntoIterator<Item = (K, V)>) -> Result<(), Error> {
        let entries = entries
            .into_iter()
            .map(|(key, value)| Ok(Value::tuple(&[key.to_value()?, value.to_value()?])))
            .collect::<Result<Vec<_>, Error>>()?;
        self.handle.tell("update", &[Value::list(&entries)])
    }

    /// Removes a key, and returns its value if it was there.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn remove(&self, key: impl Into<K>) -> Result<Option<V>, Error> {
        unless(
            "KeyError",
            self.handle.ask("pop", &[key.into().to_value()?]),
        )
    }

    /// Whether a key is there.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn contains(&self, key: impl Into<K>) -> Result<bool, Error> {
        let there = self.handle.ask("__contains__", &[key.into().to_value()?])?;
        Ok(there.is_truthy())
    }

    /// How many keys there are.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn len(&self) -> Result<usize, Error> {
        self.handle.count()
    }

    /// Whether there are none.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// All keys, as they are now.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn keys(&self) -> Result<Vec<K>, Error> {
        items(&self.handle.ask("keys", &[])?)
    }

    /// All values, as they are now.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn values(&self) -> Result<Vec<V>, Error> {
        items(&self.handle.ask("values", &[])?)
    }

    /// All keys and values, as they are now.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn items(&self) -> Result<Vec<(K, V)>, Error> {
        let pairs: Vec<Value> = items(&self.handle.ask("items", &[])?)?;
        pairs.iter().map(pair).collect()
    }

    /// Removes everything.
    ///
    /// # Errors
    ///
    /// See [`Dict`].
    pub fn clear(&self) -> Result<(), Error> {
        self.handle.tell("clear", &[])
    }
}

fn pair<K: Data, V: Data>(pair: &Value) -> Result<(K, V), Error> {
    let parts = pair.as_sequence();
    let parts = parts.and_then(|parts| Some((parts.get(0)?, parts.get(1)?)));
    let (key, value) =
        parts.ok_or_else(|| Error::Protocol(format!("no pair: {}", pair.repr(60))))?;
    Ok((K::from_value(key)?, V::from_value(value)?))
}
