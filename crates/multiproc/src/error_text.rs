//! A `Debug` that people can read, for errors: it is what
//! `fn main() -> Result<(), Box<dyn Error>>` and `unwrap` print.

use std::error::Error;
use std::fmt;

/// Writes the message of `error`, followed by those of its causes.
pub(crate) fn with_causes(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// Implements `Debug` for error types as their message and those of their causes.
macro_rules! debug_as_message {
    ($($error:ty),* $(,)?) => {
        $(
            impl std::fmt::Debug for $error {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    $crate::error_text::with_causes(self, f)
                }
            }
        )*
    };
}
pub(crate) use debug_as_message;
