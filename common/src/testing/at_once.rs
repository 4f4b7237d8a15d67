//! Several runs at once: most programs nap most of the time.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Few enough that none has to wait for a processor for long, since every run
/// has a deadline.
const AT_ONCE: usize = 6;

/// Calls `check` with each of `items`, some of them at a time, in any order.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// let sum = AtomicU32::new(0);
/// common::testing::at_once(1..=10, |n| {
///     sum.fetch_add(n, Relaxed);
/// });
/// assert_eq!(sum.into_inner(), 55);
/// ```
///
/// # Panics
///
/// As the first of them that did. What had begun is ended, the rest is not begun.
pub fn at_once<T>(items: impl IntoIterator<Item = T, IntoIter: Send>, check: impl Fn(T) + Sync) {
    let items = Mutex::new(Some(items.into_iter()));
    let failure: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);
    let next = || lock(&items).as_mut()?.next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = next() {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(item))) {
                        lock(&items).take();
                        lock(&failure).get_or_insert(panic);
                    }
                }
            });
        }
    });
    if let Some(panic) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(panic);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_item_has_its_turn() {
        let seen = Mutex::new(Vec::new());
        at_once(0..100, |n| seen.lock().expect("no panic").push(n));
        let seen = seen.into_inner().expect("no panic");
        assert_eq!(seen.len(), 100);
        assert_eq!(seen.into_iter().collect::<HashSet<_>>().len(), 100);
    }

    #[test]
    fn a_failure_is_that_of_the_whole_and_no_more_are_begun() {
        let begun = Mutex::new(0);
        let failed = catch_unwind(AssertUnwindSafe(|| {
            at_once(0.., |n| {
                *begun.lock().expect("no panic") += 1;
                assert!(n < 20, "too many: {n}");
            });
        }));
        let failed = failed.expect_err("20 has failed");
        let message = failed.downcast_ref::<String>().expect("a message");
        assert!(message.starts_with("too many: 2"), "{message}");
        assert!(begun.into_inner().expect("no panic") <= 20 + AT_ONCE);
    }
}
