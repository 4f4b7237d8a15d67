//! How many threads this process has, according to the kernel.

use std::fs;
use std::io;
use std::os::linux::fs::MetadataExt;

use nix::sched::{CloneFlags, unshare};

/// The kernel's flag for a task that is exiting (`PF_EXITING` in the kernel's
/// `sched.h`, field 9 of `/proc/PID/stat`).
const PF_EXITING: u64 = 0x4;

/// The number of threads of this process that can still run.
///
/// The usual answer, one, takes a single system call. For any other it needs
/// `/proc`, and so it does where a filter of system calls (seccomp(2)), as
/// containers have, forbids unshare(2).
///
/// A thread that was just joined may be listed for a moment longer, while the
/// kernel takes it down. It holds no lock and runs no code of the program any
/// more, so it does not count.
///
/// # Errors
///
/// If `/proc` is needed and is not mounted, or cannot be read.
pub fn count() -> io::Result<usize> {
    if is_only_thread() {
        return Ok(1);
    }
    // A directory has two links of its own and one for each directory in it, so
    // one `stat` tells how many threads are listed.
    let listed = fs::metadata("/proc/self/task")?
        .st_nlink()
        .saturating_sub(2);
    if listed == 1 {
        return Ok(1);
    }
    let mut running = 0;
    for task in fs::read_dir("/proc/self/task")? {
        // If the file is gone, its thread has ended in the meantime.
        if let Ok(stat) = fs::read_to_string(task?.path().join("stat")) {
            running += usize::from(!is_exiting(&stat));
        }
    }
    Ok(running)
}

/// Whether the calling thread is certainly the only one of this process.
///
/// unshare(2): "`CLONE_THREAD` can be specified in flags if the caller is single
/// threaded […] In this case, these flags have no effect. […] If the process is
/// multithreaded, then the use of these flags results in an error."
fn is_only_thread() -> bool {
    unshare(CloneFlags::CLONE_THREAD).is_ok()
}

fn is_exiting(stat: &str) -> bool {
    // The second field, the name in parentheses, may itself contain spaces and
    // parentheses: count the fields from the last one.
    let flags = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().nth(6))
        .and_then(|flags| flags.parse::<u64>().ok());
    flags.is_some_and(|flags| flags & PF_EXITING != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_name_cannot_confuse_the_reader() {
        let stat = |flags| format!("12 (a) b) R 1 12 12 0 -1 {flags} 0 0");
        assert!(is_exiting(&stat(4_194_368 | 4)));
        assert!(!is_exiting(&stat(4_194_368)));
        assert!(!is_exiting("nonsense"));
    }
}
