//! Plain data by way of serde.
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Value};

/// Turns plain data into a value: structs become dicts.
///
/// # Errors
/// [`Error::Data`].
pub fn to_value<T: Serialize + ?Sized>(data: &T) -> Result<Value, Error> {
    let _ = data;
    unimplemented!()
}

/// Turns a value into plain data.
///
/// # Errors
/// [`Error::Data`] when the value is not of that form.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    let _ = value;
    unimplemented!()
}
