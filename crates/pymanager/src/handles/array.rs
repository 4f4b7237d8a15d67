//! `Array`.

use super::{Handle, Local, Quick, Types, everything, handle, index, unless};
use crate::error::Error;
use crate::types;
use inert_pickle::{Data, Value};

/// Numbers of one type that several programs read and replace: Python's
/// `manager.Array(typecode, sequence)`.
///
/// Each call may fail with the errors of a broken connection, and with
/// [`Error::Pickle`] when the numbers are not of type `T`.
///
/// ```
/// use pymanager::SharedArray;
///
/// let sums = SharedArray::new('d', &[0.0; 3])?;
/// sums.set(1, &2.5)?;
/// assert_eq!(sums.to_vec()?, [0.0, 2.5, 0.0]);
/// # Ok::<(), pymanager::Error>(())
/// ```
pub struct Array<H, T = Value> {
    pub(super) handle: H,
    pub(super) types: Types<T>,
}

handle!(Array<T>, RemoteArray, SharedArray);

impl<T: Data> Array<Local, T> {
    /// An array of this program's own. `typecode` is a letter of Python's
    /// [`array`](https://docs.python.org/3/library/array.html): `'q'` for `i64`,
    /// `'d'` for `f64`.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`] when there is no such letter, or an item is out of its
    /// range.
    pub fn new(typecode: char, items: &[T]) -> Result<Self, Error> {
        let items = items.iter().map(Data::to_value);
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let typecode = Value::from(typecode.to_string().as_str());
        Ok(Local::new(types::new_array, [typecode, Value::list(&items)])?.into())
    }
}

impl<H: Handle, T: Data> Array<H, T> {
    /// The item at an index, if there is one.
    ///
    /// # Errors
    ///
    /// See [`Array`].
    pub fn get(&self, at: usize) -> Result<Option<T>, Error> {
        unless("IndexError", self.handle.ask("__getitem__", &[index(at)]))
    }

    /// Replaces the item at an index.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`]: an `IndexError` when there is none, an
    /// `OverflowError` or `TypeError` when the item is not of the array's type.
    pub fn set(&self, at: usize, item: &T) -> Result<(), Error> {
        let entry = [index(at), item.to_value()?];
        self.handle.tell("__setitem__", &entry)
    }

    /// How many items there are.
    ///
    /// # Errors
    ///
    /// See [`Array`].
    pub fn len(&self) -> Result<usize, Error> {
        self.handle.count()
    }

    /// Whether there are none.
    ///
    /// # Errors
    ///
    /// See [`Array`].
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// All items, as they are now.
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] when what comes is no array of numbers; see
    /// [`Array`].
    pub fn to_vec(&self) -> Result<Vec<T>, Error> {
        let array = self.handle.ask("__getitem__", &[everything()])?;
        let items = types::items_of_array(&array)
            .ok_or_else(|| Error::Protocol(format!("no array: {}", array.repr(60))))?;
        items
            .into_iter()
            .map(|item| Ok(T::from_value(item)?))
            .collect()
    }
}
