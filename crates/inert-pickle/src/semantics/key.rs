//! Values as keys of a map.

use std::hash::{Hash, Hasher};

use super::digest::{Ask, Known, digest};
use super::{Borrowed, CompareError, Work};
use crate::Value;
use crate::arena::Arena;

/// A value that can be a key of a Python dict: for any map of Rust's. Keys that Python
/// holds equal are equal and have one hash, which nobody who sends values can foresee.
///
/// ```
/// use inert_pickle::Value;
/// use inert_pickle::semantics::{Key, Work};
///
/// let mut key = |value: Value| Key::new(value, &mut Work::default());
/// assert_eq!(key(true.into()), key(1.0.into()));
/// assert_ne!(key("1".into()), key(1.into()));
/// assert_ne!(key(f64::NAN.into()), key(f64::NAN.into()));
/// ```
#[derive(Clone, Debug)]
pub struct Key {
    value: Value,
    digest: u128,
}

impl Key {
    /// The value as a key. It keeps the message that it came in, unless it was
    /// [detached](Value::detach).
    ///
    /// # Errors
    /// The `TypeError` for what Python cannot hash; [`CompareError::TooLarge`].
    pub fn new(value: Value, work: &mut Work) -> Result<Key, CompareError> {
        let none = Arena::default();
        let place = Borrowed::of(&value, &none);
        let digest = digest(place, Ask::Key, &mut Known::default(), work)?;
        Ok(Key { value, digest })
    }

    /// The value, as it was given.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value, as it was given.
    pub fn into_value(self) -> Value {
        self.value
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.digest as u64);
    }
}
