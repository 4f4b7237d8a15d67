//! What an item may be: plain data, or any Python value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Value, from_value, to_value};

/// An item of a queue.
///
/// Every type that serde can serialise and deserialise is one, and so is [`Value`],
/// which holds whatever a Python program may send.
///
/// ```
/// use inert_pickle::{Data, Error, Value};
///
/// fn pass<T: Data>(item: T) -> Result<T, Error> {
///     T::from_value(item.to_value()?)
/// }
/// assert_eq!(pass((1, "one".to_string()))?, (1, "one".to_string()));
/// assert_eq!(pass(Value::none())?, Value::none());
/// # Ok::<(), Error>(())
/// ```
pub trait Data: Sized {
    /// The item in Python's terms.
    ///
    /// # Errors
    ///
    /// If Python has no such thing.
    fn to_value(&self) -> Result<Value, Error>;

    /// The item that `value` stands for.
    ///
    /// # Errors
    ///
    /// If it does not stand for a `Self`.
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
