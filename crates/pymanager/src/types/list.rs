//! `list`: shared by everyone who has a proxy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::iterate::items_of;
use super::list_methods::LIST;
use super::{Account, MOST, too_many};
use crate::object::{Call, Class, Exception, Object, Served, Stored};
use crate::pickle::semantics::{CompareError, Work, equal};
use crate::pool::Board;
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A list. Values are compared outside its lock, on a copy: how long that takes
/// is up to those who have put them.
#[derive(Debug)]
pub(crate) struct ListObject {
    state: Mutex<State>,
    /// Where there are workers to call functions.
    pub(super) board: Option<Arc<Board>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) items: Vec<Stored>,
    /// Counts the changes.
    pub(super) version: u64,
    pub(super) account: Account,
}

impl State {
    /// Replaces `count` items from `start` on; what was there is given back,
    /// to be dropped without the lock.
    pub(super) fn splice(
        &mut self,
        start: usize,
        count: usize,
        items: Vec<Stored>,
    ) -> Result<Vec<Stored>, Exception> {
        if self.items.len() - count + items.len() > MOST {
            return Err(too_many());
        }
        self.account
            .charge(items.iter().map(Stored::memory).sum())?;
        let removed: Vec<Stored> = self.items.splice(start..start + count, items).collect();
        self.account
            .give_back(removed.iter().map(Stored::memory).sum());
        if self.items.len() < self.items.capacity() / 4 {
            self.items.shrink_to(2 * self.items.len());
        }
        self.version += 1;
        Ok(removed)
    }
}

impl ListObject {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All items, in order.
    pub(super) fn values(&self) -> Vec<Value> {
        let state = self.lock();
        state.items.iter().map(|item| item.value.clone()).collect()
    }

    /// All items, and which state of the list they are from.
    pub(super) fn items(&self) -> (Vec<Stored>, u64) {
        let state = self.lock();
        (state.items.clone(), state.version)
    }

    /// Adds items at the end.
    pub(super) fn extend(&self, items: Vec<Stored>) -> Result<(), Exception> {
        let mut state = self.lock();
        let end = state.items.len();
        state.splice(end, 0, items)?;
        Ok(())
    }

    /// Tells where an item is that equals `wanted`, in which state of the list.
    pub(super) fn find(
        &self,
        wanted: &Value,
        within: impl Fn(usize) -> std::ops::Range<usize>,
    ) -> Result<Option<(usize, u64)>, CompareError> {
        let (items, version) = self.items();
        let mut work = Work::default();
        for at in within(items.len()) {
            if equal(&items[at].value, wanted, &mut work)? {
                return Ok(Some((at, version)));
            }
        }
        Ok(None)
    }

    fn as_value(&self) -> Value {
        Value::list(&self.values())
    }
}

/// Items as a list keeps them.
pub(super) fn keep_all(call: &Call<'_>, value: &Value) -> Result<Vec<Stored>, Exception> {
    let items = items_of(call, value)?;
    if items.len() > MOST {
        return Err(too_many());
    }
    Ok(items.iter().map(|item| call.keep_value(item)).collect())
}

/// Makes a list, as calling its class does. The workers of `board` call what it is
/// to be sorted by.
pub(crate) fn new_list(
    board: Option<&Arc<Board>>,
    call: &mut Call<'_>,
) -> Result<Served, Exception> {
    let state = State {
        items: Vec::new(),
        version: 0,
        account: Account::new(call),
    };
    let list = ListObject {
        state: Mutex::new(state),
        board: board.cloned(),
    };
    if let Some(value) = call.get(0) {
        list.extend(keep_all(call, value)?)?;
    }
    Ok(Served::new(list))
}

impl Object for ListObject {
    fn class(&self) -> &'static Class<Self> {
        &LIST
    }

    fn repr(&self, _address: &str) -> String {
        self.as_value().repr(10_000)
    }

    fn describe(&self, told: &mut ObjectStatus) {
        told.length = Some(self.lock().items.len() as u64);
    }

    fn copy(&self) -> Result<Value, String> {
        Ok(self.as_value())
    }
}
