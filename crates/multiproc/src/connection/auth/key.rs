//! The secret that both sides of a connection prove to each other.

use std::fmt;
use std::path::Path;
use std::{fs, io};

/// A shared key of any number of bytes: Python's `authkey`.
///
/// `Debug` does not show it.
///
/// ```
/// use multiproc::connection::auth::AuthKey;
///
/// let key = AuthKey::new("a secret");
/// assert_eq!(format!("{key:?}"), "AuthKey(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey(Vec<u8>);

impl AuthKey {
    /// The key with these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        AuthKey(bytes.into())
    }

    /// Reads the key from a file. Newlines at the end, which editors add, are not
    /// part of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or holds no key.
    pub fn from_file(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut bytes = fs::read(path)?;
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        if bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
        }
        Ok(AuthKey(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(..)")
    }
}
