//! The thread queue in all its forms.

mod closing;
mod orders;
mod waiting;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::{Error, EventCount, Queue, Rejected};

const MOMENT: Duration = Duration::from_millis(1);

/// Long enough for a loaded machine: over only when something is wrong.
const LONG: Duration = Duration::from_secs(60);

fn forms<T: Ord + Send + 'static>(maxsize: usize) -> [Queue<T>; 3] {
    [
        Queue::new(maxsize),
        Queue::lifo(maxsize),
        Queue::priority(maxsize),
    ]
}

fn put_all<T>(queue: &Queue<T>, items: impl IntoIterator<Item = T>) {
    items.into_iter().for_each(|item| queue.put(item).unwrap());
}

/// Returns when `sleepers` threads have gone to sleep: not before, so that a
/// wake-up is what ends their wait.
fn until_asleep(event: &EventCount, sleepers: usize) {
    let until = Instant::now() + LONG;
    while event.asleep() < sleepers {
        assert!(Instant::now() < until, "they do not go to sleep");
        std::thread::yield_now();
    }
}

fn take_all<T>(queue: &Queue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.try_get().ok()).collect()
}

/// A queue may be used across a `catch_unwind`: a panic leaves nothing half done.
#[test]
fn a_queue_is_safe_when_a_panic_is_caught() {
    fn holds<T: UnwindSafe + RefUnwindSafe>() {}
    holds::<Queue<Box<dyn FnMut() + Send>>>();
}
