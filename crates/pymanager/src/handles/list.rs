//! `list`.

use super::{Handle, Local, Quick, Types, everything, handle, index, items, unless};
use crate::error::Error;
use crate::types;
use inert_pickle::{Data, Value};

/// A list that several programs share.
///
/// Each call is atomic. Beyond the errors named below,
/// each call may fail with those of a broken connection, and with
/// [`Error::Pickle`] when an item is not of this type.
///
/// ```
/// use pymanager::SharedList;
///
/// let names = SharedList::<String>::new();
/// names.push(&"alice".to_string())?;
/// names.extend(["bob".to_string(), "carol".to_string()])?;
/// assert_eq!(names.pop()?.as_deref(), Some("carol"));
/// assert_eq!(names.get(7)?, None);
/// assert_eq!(names.to_vec()?, ["alice", "bob"]);
/// # Ok::<(), pymanager::Error>(())
/// ```
pub struct List<H, T = Value> {
    pub(super) handle: H,
    pub(super) types: Types<T>,
}

handle!(List<T>, RemoteList, SharedList);

impl<T: Data> List<Local, T> {
    /// An empty list of this program's own.
    pub fn new() -> Self {
        Local::new(|call| types::new_list(None, call), [])
            .expect("an empty list")
            .into()
    }
}

impl<T: Data> Default for List<Local, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle, T: Data> List<H, T> {
    /// The item at an index, if there is one.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn get(&self, at: usize) -> Result<Option<T>, Error> {
        unless("IndexError", self.handle.ask("__getitem__", &[index(at)]))
    }

    /// Replaces the item at an index.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`]: an `IndexError` when there is none; a `MemoryError`
    /// when the manager may hold no more.
    pub fn set(&self, at: usize, item: &T) -> Result<(), Error> {
        let entry = [index(at), item.to_value()?];
        self.handle.tell("__setitem__", &entry)
    }

    /// Adds an item at the end. Python's `append`.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `MemoryError`, when the manager may hold no more.
    pub fn push(&self, item: &T) -> Result<(), Error> {
        self.handle.tell("append", &[item.to_value()?])
    }

    /// Adds many items at the end with one message, next to each other.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn extend(&self, new: impl IntoIterator<Item = T>) -> Result<(), Error> {
        let new = new.into_iter().map(|item| Ok(item.to_value()?));
        let new = new.collect::<Result<Vec<_>, Error>>()?;
        self.handle.tell("extend", &[Value::list(&new)])
    }

    /// Adds an item before the one at an index, or at the end.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn insert(&self, at: usize, item: &T) -> Result<(), Error> {
        let entry = [index(at), item.to_value()?];
        self.handle.tell("insert", &entry)
    }

    /// Removes and returns the last item, if there is one.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn pop(&self) -> Result<Option<T>, Error> {
        unless("IndexError", self.handle.ask("pop", &[]))
    }

    /// Removes and returns the item at an index, if there is one.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn remove(&self, at: usize) -> Result<Option<T>, Error> {
        unless("IndexError", self.handle.ask("pop", &[index(at)]))
    }

    /// Whether there is an item that equals this one in Python.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn contains(&self, item: &T) -> Result<bool, Error> {
        let there = self.handle.ask("__contains__", &[item.to_value()?])?;
        Ok(there.is_truthy())
    }

    /// How many items there are.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn len(&self) -> Result<usize, Error> {
        self.handle.count()
    }

    /// Whether there are none.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// All items, as they are now. Python's `l[:]`.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn to_vec(&self) -> Result<Vec<T>, Error> {
        items(&self.handle.ask("__getitem__", &[everything()])?)
    }

    /// Sorts the items as Python orders them.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `TypeError`, when two cannot be compared.
    pub fn sort(&self) -> Result<(), Error> {
        self.handle.tell("sort", &[])
    }

    /// Removes everything.
    ///
    /// # Errors
    ///
    /// See [`List`].
    pub fn clear(&self) -> Result<(), Error> {
        // There has been a method `clear` for proxies since Python 3.14 only.
        self.handle.tell("__delitem__", &[everything()])
    }
}
