//! What may be an item: plain data, or any Python value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Value, from_value, to_value};

/// An item of a queue.
///
/// Everything that serde can serialise and deserialise is one, and so is
/// [`Value`], which holds what any Python program may send.
pub trait Data: Sized {
    /// The item in Python's terms.
    ///
    /// # Errors
    ///
    /// When Python has no such thing.
    fn to_value(&self) -> Result<Value, Error>;

    /// The item from what came.
    ///
    /// # Errors
    ///
    /// When it is of another form.
    fn from_value(value: Value) -> Result<Self, Error>;
}

impl<T: Serialize + DeserializeOwned> Data for T {
    fn to_value(&self) -> Result<Value, Error> {
        to_value(self)
    }

    fn from_value(value: Value) -> Result<Self, Error> {
        from_value(&value)
    }
}

impl Data for Value {
    fn to_value(&self) -> Result<Value, Error> {
        Ok(self.clone())
    }

    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(value)
    }
}
