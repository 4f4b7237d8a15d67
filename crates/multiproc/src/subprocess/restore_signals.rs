//! A program that starts with the default action for every signal.

// What runs between fork and exec.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Has `command` start its program with the default action for every signal,
/// whatever this process ignores.
///
/// A signal that is ignored stays ignored through exec(2). Whoever is started by
/// nohup(1) ignores `SIGHUP`, by a shell without job control in the background
/// `SIGINT`; programs started from there would not end at Ctrl-C. (Python's
/// `restore_signals` does so for `SIGPIPE`, `SIGXFSZ` and `SIGXFZ` alone; `std`
/// for `SIGPIPE`.)
///
/// ```
/// use std::process::Command;
/// use multiproc::subprocess::{call, restore_signals};
///
/// let status = call(restore_signals(&mut Command::new("true")))?;
/// assert!(status.success());
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
pub fn restore_signals(command: &mut Command) -> &mut Command {
    let restore = || {
        for signal in 1..=libc::SIGRTMAX() {
            // SAFETY: sets an action that runs no code of ours. For the few
            // whose action cannot be changed it is refused, which is as well.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        Ok(())
    };
    // SAFETY: the closure runs in the child of a process that may have threads,
    // so it may make system calls and nothing that takes a lock or memory: it
    // calls signal(2), which is async-signal-safe.
    unsafe { command.pre_exec(restore) }
}
