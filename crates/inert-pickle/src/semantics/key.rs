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
    fingerprint: Fingerprint,
}

impl Key {
    /// The value as a key. It keeps the message that it came in, unless it was
    /// [detached](Value::detach).
    ///
    /// # Errors
    /// The `TypeError` for what Python cannot hash; [`CompareError::TooLarge`].
    pub fn new(value: Value, work: &mut Work) -> Result<Key, CompareError> {
        let fingerprint = Fingerprint::of(&value, work)?;
        Ok(Key { value, fingerprint })
    }

    /// The value, as it was given.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.fingerprint.hash(hasher);
    }
}

/// What a [`Key`] is compared by, without the value: keys are equal when these are. For a
/// map of many keys, which keeps their values in a form of its own.
///
/// ```
/// use inert_pickle::Value;
/// use inert_pickle::semantics::{Fingerprint, Work};
///
/// let of = |value: Value| Fingerprint::of(&value, &mut Work::default());
/// assert_eq!(of(true.into()), of(1.0.into()));
/// assert_ne!(of("1".into()), of(1.into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u64; 2]);

impl Fingerprint {
    /// The fingerprint of a value as a key. Each NaN has one of its own, every time.
    ///
    /// # Errors
    /// As [`Key::new`].
    pub fn of(value: &Value, work: &mut Work) -> Result<Fingerprint, CompareError> {
        let none = Arena::default();
        let place = Borrowed::of(value, &none);
        let digest = digest(place, Ask::Key, &mut Known::default(), work)?;
        // Not one u128, which would be aligned to 16 bytes wherever it is kept.
        Ok(Fingerprint([digest as u64, (digest >> 64) as u64]))
    }

    /// Half of it: a hash of the key that nobody who sends values can foresee.
    pub fn as_hash(self) -> u64 {
        self.0[0]
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.as_hash());
    }
}
