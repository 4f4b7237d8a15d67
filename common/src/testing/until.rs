//! Something that has to come about, whenever it does.

use std::thread;
use std::time::{Duration, Instant};

/// Waits until `condition` holds; `what` says it in words. A minute is for ever.
///
/// # Panics
///
/// When it does not.
#[track_caller]
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
