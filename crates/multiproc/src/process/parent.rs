//! Whether the process that forked this one is still there.

use std::fs;

use rustix::process::{Pid, getppid};

/// Whether this process's parent is `parent`, as numbered by itself.
pub(crate) fn is(parent: Pid) -> bool {
    match getppid() {
        Some(now) => now == parent,
        // The parent, dead or alive, is outside of this process's PID namespace
        // (unshare(2)) and has no number here. `/proc` shows the numbers of the
        // namespace that it was mounted in, the parent's as a rule.
        None => match number_in_proc() {
            Some(now) => now == parent,
            None => true,
        },
    }
}

/// The parent's number in `/proc`: field 4 of `/proc/self/stat`.
fn number_in_proc() -> Option<Pid> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Pid::from_raw(fields.split_whitespace().nth(1)?.parse().ok()?)
}
