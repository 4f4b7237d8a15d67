//! `Namespace`.

use super::{Handle, Local, Quick, Types, handle, unless};
use crate::error::Error;
use crate::types;
use inert_pickle::Data;

/// Attributes that several programs read and set: `ns.x = 1` in Python.
///
/// ```
/// use pymanager::SharedNamespace;
///
/// let settings = SharedNamespace::new();
/// settings.set("verbose", &true)?;
/// assert_eq!(settings.get("verbose")?, Some(true));
/// assert_eq!(settings.get::<i64>("depth")?, None);
/// # Ok::<(), pymanager::Error>(())
/// ```
///
/// Each call may fail with the errors of a broken connection, and with
/// [`Error::Pickle`] when an attribute is of another type.
pub struct Namespace<H> {
    pub(super) handle: H,
    pub(super) types: Types<()>,
}

handle!(Namespace, RemoteNamespace, SharedNamespace);

impl Namespace<Local> {
    /// An empty one of this program's own.
    pub fn new() -> Self {
        let made = Local::new(types::new_namespace, []);
        made.expect("an empty namespace").into()
    }
}

impl Default for Namespace<Local> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Namespace<H> {
    /// An attribute, if it is there.
    ///
    /// # Errors
    ///
    /// See [`Namespace`].
    pub fn get<T: Data>(&self, name: &str) -> Result<Option<T>, Error> {
        let got = self.handle.ask("__getattribute__", &[name.into()]);
        unless("AttributeError", got)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    ///
    /// [`Error::Raised`] for a name that cannot be set, like `__class__`.
    pub fn set<T: Data>(&self, name: &str, value: &T) -> Result<(), Error> {
        let entry = [name.into(), value.to_value()?];
        self.handle.tell("__setattr__", &entry)
    }

    /// Deletes an attribute; whether it was there.
    ///
    /// # Errors
    ///
    /// See [`Namespace`].
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        let removed = self.handle.ask("__delattr__", &[name.into()]);
        Ok(unless::<inert_pickle::Value>("AttributeError", removed)?.is_some())
    }
}
