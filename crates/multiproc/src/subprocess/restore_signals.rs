//! A program that starts with the default action for every signal.

#![expect(unsafe_code, reason = "it runs code between fork and exec")]

use std::os::unix::process::CommandExt;
use std::process::Command;

use super::Start;

/// Makes `command` start its program with the default action for every signal,
/// whatever this process ignores.
///
/// An ignored signal stays ignored through exec(2). A process started by nohup(1)
/// ignores `SIGHUP`; one started in the background by a shell without job control
/// ignores `SIGINT`, and programs started from there would not end at Ctrl-C.
/// (Python's `restore_signals` covers only `SIGPIPE`, `SIGXFZ` and `SIGXFSZ`,
/// `std` only `SIGPIPE`.)
///
/// ```
/// use multiproc::subprocess::{Command, call, restore_signals};
///
/// let status = call(restore_signals(&mut Command::new("true")))?;
/// assert!(status.success());
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
pub fn restore_signals<C: Start>(command: &mut C) -> &mut C {
    command.restore_signals();
    command
}

/// The same for the standard library's command, which runs it after a fork.
pub(super) fn set_default_actions(command: &mut Command) {
    let restore = || {
        for signal in 1..=libc::SIGRTMAX() {
            // SAFETY: sets an action that runs no code of this program. For the
            // few signals whose action cannot be changed, the call just fails.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        Ok(())
    };
    // SAFETY: the closure runs in the child of a process that may have threads,
    // so it may make system calls, but not take a lock or allocate: it calls
    // signal(2), which is async-signal-safe.
    unsafe { command.pre_exec(restore) };
}
