//! The data types of Python's `SyncManager`: what they hold is data, and what
//! Python's own do with it by code is done by its meaning.

mod array;
mod dict;
mod dict_methods;
mod iterate;
mod list;
mod list_methods;
mod list_sort;
mod namespace;
mod packed;
mod set;
mod slice;
mod table;
mod value;

use std::sync::Arc;

use crate::object::{Answer, Call, Exception, Hold, Lent, Memory, Stored};
use crate::pickle::semantics::CompareError;
use inert_pickle::Value;

pub(crate) use array::{items_of_array, new_array};
pub(crate) use dict::new_dict;
pub(crate) use iterate::items_of;
pub(crate) use list::new_list;
pub(crate) use namespace::new_namespace;
pub(crate) use set::new_set;
pub(crate) use slice::{integer, integer_required, not_an_integer};
pub(crate) use value::new_value;

/// How many items an object may have at most, whatever its memory.
const MOST: usize = 1 << 26;

/// What an object's items take of the manager's memory.
#[derive(Debug)]
pub(crate) struct Account {
    all: Arc<Memory>,
    own: usize,
}

impl Account {
    pub(crate) fn new(call: &Call<'_>) -> Self {
        Account {
            all: Arc::clone(call.memory()),
            own: 0,
        }
    }

    /// Takes memory, or says that there is none.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Exception> {
        self.all.charge(bytes)?;
        self.own += bytes;
        Ok(())
    }

    pub(crate) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.own);
        self.own -= bytes;
        self.all.give_back(bytes);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.all.give_back(self.own);
    }
}

impl From<CompareError> for Exception {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Type(text) => Exception::type_error(text),
            other => Exception::value_error(other.to_string()),
        }
    }
}

/// An answer that is kept by the object: what is in it is held until the
/// client has had time to refer to it.
pub(crate) fn kept(stored: Stored) -> Answer {
    match stored.holds {
        None => Answer::Value(stored.value),
        Some(_) => Answer::Lent(Lent {
            stored,
            put_back: Box::new(drop),
        }),
    }
}

/// An answer made of several things that an object keeps.
pub(crate) fn kept_together<'s>(
    value: Value,
    parts: impl IntoIterator<Item = &'s Stored>,
) -> Answer {
    let parts = parts.into_iter();
    kept_with(value, parts.filter_map(|part| part.holds.as_deref()))
}

/// An answer that these are held for.
fn kept_with<'h>(value: Value, holds: impl Iterator<Item = &'h [Hold]>) -> Answer {
    let holds: Vec<Hold> = holds.flatten().cloned().collect();
    kept(Stored {
        value,
        holds: (!holds.is_empty()).then(|| holds.into()),
    })
}

fn too_many() -> Exception {
    Exception::memory_error(format!("an object of more than {MOST} items"))
}
