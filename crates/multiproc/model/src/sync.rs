//! In place of `shared::sync`: a futex of which nothing is known but what
//! futex(2) promises. Until [`let_time_pass`], nobody's sleep ends by itself, so
//! a wake-up that is lost is a deadlock, which loom finds.

use std::time::Duration;

use loom::sync::{Condvar, Mutex};

pub(crate) use loom::sync::atomic::{AtomicU32, Ordering, fence};

loom::lazy_static! {
    /// Whether time passes, and those who sleep while it does not.
    static ref KERNEL: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
}

pub(crate) fn sleep(word: &AtomicU32, expected: u32, _timeout: Duration) {
    let time_passes = KERNEL.0.lock().unwrap();
    // The kernel compares under its lock.
    if !*time_passes && word.load(Ordering::SeqCst) == expected {
        drop(KERNEL.1.wait(time_passes).unwrap());
    }
}

pub(crate) fn wake(_word: &AtomicU32, sleepers: u32) {
    let kernel = KERNEL.0.lock().unwrap();
    if sleepers == 1 {
        KERNEL.1.notify_one();
    } else {
        KERNEL.1.notify_all();
    }
    drop(kernel);
}

/// From now on nobody's sleep is longer than his time-out.
pub(crate) fn let_time_pass() {
    let mut time_passes = KERNEL.0.lock().unwrap();
    *time_passes = true;
    KERNEL.1.notify_all();
    drop(time_passes);
}
