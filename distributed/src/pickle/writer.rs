//! Writes a pickle.

use super::{Error, Value};

/// The value as a pickle of this protocol, 2 to 5.
///
/// # Errors
/// [`Error::Protocol`], [`Error::Unwritable`].
pub fn write(value: &Value, protocol: u8) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_into(&mut out, value, protocol)?;
    Ok(out)
}

/// Appends the value as a pickle of this protocol; on an error `out` is as it was.
///
/// # Errors
/// As [`write`].
pub fn write_into(out: &mut Vec<u8>, value: &Value, protocol: u8) -> Result<(), Error> {
    let _ = (out, value, protocol);
    unimplemented!()
}
