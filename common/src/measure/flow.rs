//! Items from one process to another.

use super::seconds;
use multiproc::process::Process;

/// How many bytes a second come here from a child: `count` items of `size`
/// bytes, after one that does not count.
///
/// # Panics
///
/// When the child cannot be started, or fails.
pub fn flow(size: usize, count: usize, mut put: impl FnMut(), mut get: impl FnMut()) -> f64 {
    let child = Process::spawn("producer", || (0..=count).for_each(|_| put()));
    let child = child.expect("a child");
    get();
    let time = seconds(|| (0..count).for_each(|_| get()));
    child.join_success().expect("the child's success");
    (count * size) as f64 / time
}
