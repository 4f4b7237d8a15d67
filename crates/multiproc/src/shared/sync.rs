//! The primitives under [`WaitWord`](super::WaitWord). The model (`model/`)
//! replaces this file with its own.

use std::time::Duration;

pub(super) use std::sync::atomic::{AtomicU32, Ordering, fence};

use rustix::event::Timespec;
use rustix::thread::futex;

/// Sleeps while `word` is `expected`, for at most `timeout`. May return early.
pub(super) fn sleep(word: &AtomicU32, expected: u32, timeout: Duration) {
    if let Ok(timeout) = Timespec::try_from(timeout) {
        // Whatever ended the sleep, the caller checks again.
        let _ = futex::wait(word, futex::Flags::empty(), expected, Some(&timeout));
    }
}

/// Wakes up to `sleepers` of those who sleep on `word`.
pub(super) fn wake(word: &AtomicU32, sleepers: u32) {
    // It fails only for an address that is not ours.
    let _ = futex::wake(word, futex::Flags::empty(), sleepers);
}
