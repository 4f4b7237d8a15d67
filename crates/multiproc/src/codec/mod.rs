//! How items become bytes: serde's data model, with numbers as they are in
//! memory.
//!
//! Any type that derives `Serialize` and `Deserialize` will do. Serde hands over
//! a `Vec<u8>`, `Vec<f64>` or `Vec<[f32; 3]>` element by element, at half a
//! gigabyte a second. Here such a vector is recognised, wherever it is in an
//! item, and copied as a whole.
//!
//! | | bytes |
//! | --- | --- |
//! | `bool`, `u8`, `i8`, `None`, `Some` | 1 |
//! | other numbers, `char` | their size in memory, least significant byte first |
//! | lengths, and the index of an `enum`'s variant | 1 below 255, otherwise 1 (255) and 8 |
//! | `str`, bytes, sequences, maps | the length, then what is in them |
//! | tuples, structs, arrays | only what is in them |
//!
//! The bytes hold no names, types or version numbers: both sides are the same
//! program and know the type. `12_i32` cannot be read as an `i64`. A type that
//! must ask the bytes what comes next, such as `serde_json::Value`, cannot be read
//! at all ([`Error::SelfDescribing`]).
//!
//! ```
//! use multiproc::codec;
//!
//! let mut bytes = Vec::new();
//! codec::encode(&("row", vec![1.5, 2.5]), &mut bytes)?;
//! let (name, row): (String, Vec<f64>) = codec::decode(&bytes)?;
//! assert_eq!((name.as_str(), row), ("row", vec![1.5, 2.5]));
//! # Ok::<(), codec::Error>(())
//! ```

mod de;
mod scratch;
mod ser;
mod slices;
mod whole;

#[cfg(test)]
mod tests;

use std::any::type_name;
use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

pub(crate) use scratch::with_scratch;
pub(crate) use whole::{PREFIX, Received, as_whole, is_whole, read_whole};

/// Why a value could not be serialised or deserialised.
///
/// ```
/// use multiproc::codec::{self, Error};
///
/// let mut bytes = Vec::new();
/// codec::encode(&12_i32, &mut bytes)?;
/// assert!(matches!(codec::decode::<i64>(&bytes), Err(Error::Short)));
/// assert!(matches!(codec::decode::<i16>(&bytes), Err(Error::Trailing(2))));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The type asks the bytes what comes next (serde's `deserialize_any`), but
    /// they do not say.
    #[error(
        "`{0}` can be read only from a format that describes itself, as JSON does, and this \
         one does not (so it is with `serde_json::Value`, `#[serde(untagged)]`, \
         `#[serde(flatten)]` and `#[serde(tag = ...)]`): send it as text, with \
         `serde_json::to_string`"
    )]
    SelfDescribing(&'static str),
    /// The bytes end before the value does.
    #[error("the bytes end inside the value: do both sides have the same type?")]
    Short,
    /// The value ends before the bytes do.
    #[error("{0} bytes too many: do both sides have the same type?")]
    Trailing(usize),
    /// The bytes hold something impossible.
    #[error("the bytes hold {0}")]
    Invalid(&'static str),
    /// The system has no memory for what the bytes hold.
    #[error("no memory for {0} bytes")]
    NoMemory(usize),
    /// An error of the type itself, when it is written or read.
    #[error("{0}")]
    Custom(String),
}

impl serde::ser::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Error::Custom(message.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Error::Custom(message.to_string())
    }
}

/// Appends `item` to `bytes`.
///
/// # Errors
///
/// [`Error::Custom`] if the type refuses to be serialised. Part of it may have
/// been appended then.
pub fn encode<T: Serialize + ?Sized>(item: &T, bytes: &mut Vec<u8>) -> Result<(), Error> {
    item.serialize(&mut ser::Writer { out: bytes })
}

/// Reads a `T` from the beginning of `bytes`, and returns it and the rest.
///
/// # Errors
///
/// See [`enum@Error`]: the bytes are not a `T`, or no `T` can be read at all.
pub fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Error> {
    let mut reader = de::Reader::new(bytes);
    match T::deserialize(&mut reader) {
        Ok(item) => Ok((item, reader.rest)),
        Err(Error::SelfDescribing(_)) => Err(Error::SelfDescribing(type_name::<T>())),
        Err(error) => Err(error),
    }
}

/// Reads a `T` from `bytes`, all of which it must use.
///
/// # Errors
///
/// As [`decode_first`], and [`Error::Trailing`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    match decode_first(bytes)? {
        (item, []) => Ok(item),
        (_, rest) => Err(Error::Trailing(rest.len())),
    }
}
