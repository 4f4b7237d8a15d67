//! What is moved into a child is dropped in the parent. Such a drop gives the
//! thing away: it must not end what the child goes on using.

use std::cell::Cell;
use std::mem;

thread_local! {
    static HANDING_OVER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is dropping what it has moved into a child.
pub(crate) fn handing_over() -> bool {
    HANDING_OVER.get()
}

/// Drops the parent's copy of what a child now has.
pub(super) fn hand_over<T>(moved: T) {
    /// Puts the mark back, even if a drop panics.
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            HANDING_OVER.set(self.0);
        }
    }
    if !mem::needs_drop::<T>() {
        // The mark is on a page that would have to be copied.
        return;
    }
    let _restore = Restore(HANDING_OVER.replace(true));
    drop(moved);
}
