//! Whether the process that forked this one is still there.

use std::fs;

use rustix::process::{Pid, getppid};

/// Whether this process's parent is `parent`, the pid that it gave itself.
pub(crate) fn is(parent: Pid) -> bool {
    match getppid() {
        Some(now) => now == parent,
        // The parent, dead or alive, is outside this process's PID namespace
        // (unshare(2)) and has no pid in it. `/proc` shows the pids of the
        // namespace that it was mounted in, which is usually the parent's.
        None => match number_in_proc() {
            Some(now) => now == parent,
            None => true,
        },
    }
}

/// The parent's pid according to `/proc`: field 4 of `/proc/self/stat`.
fn number_in_proc() -> Option<Pid> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Pid::from_raw(fields.split_whitespace().nth(1)?.parse().ok()?)
}
