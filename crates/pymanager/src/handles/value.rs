//! `Value`.

use super::{Handle, Local, Quick, Types, handle};
use crate::error::Error;
use crate::types;
use inert_pickle::{Data, Value};

/// One value that several programs read and replace: Python's
/// `manager.Value(typecode, value)`.
///
/// There is no lock in it. To count with it, hold a [`Lock`](super::Lock) while
/// you read the value and replace it.
///
/// ```
/// use pymanager::SharedValue;
///
/// let progress = SharedValue::new(&0.0)?;
/// progress.set(&0.5)?;
/// assert_eq!(progress.get()?, 0.5);
/// # Ok::<(), pymanager::Error>(())
/// ```
pub struct Cell<H, T = Value> {
    pub(super) handle: H,
    pub(super) types: Types<T>,
}

handle!(Cell<T>, RemoteValue, SharedValue);

impl<T: Data> Cell<Local, T> {
    /// A value of this program's own.
    ///
    /// # Errors
    ///
    /// [`Error::Pickle`] when Python has no such value.
    pub fn new(value: &T) -> Result<Self, Error> {
        let value = value.to_value()?;
        // The letter for the type is for show: nobody looks at it.
        let typecode = match value.type_name() {
            "int" | "bool" => "q",
            "float" => "d",
            _ => "O",
        };
        Ok(Local::new(types::new_value, [typecode.into(), value])?.into())
    }
}

impl<H: Handle, T: Data> Cell<H, T> {
    /// The value now.
    ///
    /// # Errors
    ///
    /// [`Error::Pickle`] when it is not a `T`, and those of a broken connection.
    pub fn get(&self) -> Result<T, Error> {
        Ok(T::from_value(self.handle.ask("get", &[])?)?)
    }

    /// Replaces it.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`], a `MemoryError`, when the manager may hold no more;
    /// [`Error::Pickle`], and those of a broken connection.
    pub fn set(&self, value: &T) -> Result<(), Error> {
        self.handle.tell("set", &[value.to_value()?])
    }
}
