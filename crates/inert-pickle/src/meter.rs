//! Nodes and bytes of text looked at by this thread, for tests that doing something with
//! twice as much takes no more than twice the work.

use std::cell::Cell;

thread_local! {
    static LOOKED_AT: Cell<u64> = const { Cell::new(0) };
}

pub(crate) fn add(count: usize) {
    LOOKED_AT.set(LOOKED_AT.get() + count as u64);
}

#[cfg(feature = "serde")]
pub(crate) fn take() -> u64 {
    LOOKED_AT.take()
}
