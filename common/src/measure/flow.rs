//! Items from one process to another.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use super::seconds;
use multiproc::process::Process;

/// A child begins on the core of its parent, and where the two sleep in turn, the
/// kernel takes some 30 ms to give them one each: as long as many a run takes. If
/// both are busy, it sees that at its next tick.
const PLACING: Duration = Duration::from_millis(30);

/// How many bytes a second come here from a child: `count` items of `size`
/// bytes, after one that does not count.
///
/// # Panics
///
/// When the child cannot be started, or fails.
pub fn flow(size: usize, count: usize, mut put: impl FnMut(), mut get: impl FnMut()) -> f64 {
    let produce = || {
        be_busy();
        (0..=count).for_each(|_| put());
    };
    let child = Process::spawn("producer", produce).expect("a child");
    be_busy();
    get();
    let time = seconds(|| (0..count).for_each(|_| get()));
    child.join_success().expect("the child's success");
    (count * size) as f64 / time
}

fn be_busy() {
    let start = Instant::now();
    while start.elapsed() < PLACING {
        spin_loop();
    }
}
