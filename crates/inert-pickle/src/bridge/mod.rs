//! Plain data by way of serde: Rust's types as the Python values one would expect.
//!
//! | serde | Python |
//! | --- | --- |
//! | bool, integers up to 128 bits, floats | bool, int, float |
//! | char, str | str |
//! | bytes (`serde_bytes`) | bytes |
//! | none, unit, unit struct | None |
//! | some, newtype struct | the value itself |
//! | seq | list |
//! | tuple, tuple struct | tuple |
//! | map | dict |
//! | struct | dict with the fields' names |
//! | enum: unit variant | str, the variant's name |
//! | enum: other variants | dict of one entry: name, content |
//!
//! The other way round lists, tuples, sets and frozensets are all read as sequences, and
//! a value without a type of its own to go to (`#[serde(untagged)]`) as what it is.

mod access;
mod de;
mod ser;

use serde::Serialize;
use serde::de::{self as serde_de, DeserializeOwned};
use serde::ser as serde_ser;

use super::build::NewArena;
use super::{Error, Value};

/// Turns plain data into a value.
///
/// # Errors
/// [`Error::Data`]: what the data's own `Serialize` reports; [`Error::Size`].
pub fn to_value<T: Serialize + ?Sized>(data: &T) -> Result<Value, Error> {
    let mut builder = NewArena::default();
    let node = data.serialize(ser::Serializer { to: &mut builder })?;
    let root = builder.arena.add(node)?;
    Ok(builder.finish(root))
}

/// Turns a value into plain data. What is shared becomes a copy at every place.
///
/// # Errors
/// [`Error::Data`] when the value is not of that form, is nested deeper than 128 levels,
/// or would become far larger than it is.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    de::from_value(value)
}

impl serde_ser::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Error {
        Error::Data(message.to_string())
    }
}

impl serde_de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Error {
        Error::Data(message.to_string())
    }
}
