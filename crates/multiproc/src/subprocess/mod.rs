//! Running other programs: Python's `subprocess`.
//!
//! | Python | here |
//! | --- | --- |
//! | `subprocess.call(args)` | [`call`] |
//! | `subprocess.check_call(args)` | [`check_call`] |
//! | `subprocess.check_output(args)` | [`check_output`] |
//! | `Popen(args, stdin=PIPE, stdout=PIPE, stderr=PIPE).communicate(input)` | [`communicate`] |
//! | the same with `timeout=t` | [`communicate_timeout`], which also ends the program's own children |
//! | `returncode` | [`ExitStatus`], and [`returncode`] for Python's number |
//! | `FileNotFoundError`, `PermissionError` | [`Error::Start`], and [`Error::exit_code`] |
//! | `CalledProcessError` | [`Error::Failed`] |
//!
//! The exit status in Python, here and in a shell:
//!
//! | the program | Python | here | `$?` |
//! | --- | --- | --- | --- |
//! | exits with status 3 | 3 | `ExitStatus::Code(3)` | 3 |
//! | is killed by `SIGKILL` | -9 | `ExitStatus::Signal(9)` | 137 |
//! | is not there | `FileNotFoundError` | `Error::Start` | 127 |
//! | may not be executed | `PermissionError` | `Error::Start` | 126 |
//!
//! # Process groups and the terminal
//!
//! A terminal sends Ctrl-C to its foreground process group, and stops members
//! of other groups that read from it. A program run by [`call`], [`check_call`],
//! [`check_output`] or [`communicate`] stays in the caller's group: it may use
//! the terminal, and Ctrl-C reaches it as well as the caller. Only
//! [`communicate_timeout`], and [`communicate_until`] with a deadline, give it a
//! group of its own: that is the only way to find the children that it starts. Ctrl-C
//! then reaches only the caller, which can cancel [`communicate_until`] to end
//! the group.
//!
//! # When the caller dies
//!
//! Whatever the caller dies of, even `kill -9`, the kernel then kills the
//! program. Nobody has to cooperate:
//!
//! | run by | what is killed with the caller |
//! | --- | --- |
//! | [`call`], [`check_call`], [`check_output`], [`communicate`] | the program |
//! | [`communicate_timeout`], [`communicate_until`] with a deadline | the program and all its descendants |
//!
//! Some processes survive. In the first row, those that the program has started
//! itself (a shell's commands, say), since the kernel does not know about them. In
//! both, those that run as another user by then (`sudo`), and those that have left
//! the process group (`setsid`, a daemon). If a program ends by itself in time,
//! the processes that it leaves behind are left alone: it may have meant to.
//!
//! # A caller that ignores `SIGCHLD`
//!
//! The kernel reaps its children for it, and throws their exit status away. So each
//! function here gives that signal its default action again, as
//! [`Process`](crate::process::Process) does. (Python reports status 0 then, whatever
//! it was.)
//!
//! # From a large process
//!
//! A [`Command`] of this module is started as with vfork(2), posix_spawn(3) and in
//! CPython: its child borrows the caller's memory until its exec, and only the
//! calling thread stands still meanwhile. That takes less than a millisecond,
//! however large the caller is.
//!
//! The functions here take a [`std::process::Command`] too, for what only it can do
//! (`uid`, `gid`, `pre_exec`). That is started by fork(2), since something has to be
//! done before exec for the promise above, and such a command leaves no other way.
//! A fork copies the page tables of the caller: from a process of 1 GB that takes
//! tens of milliseconds.

mod command;
mod communicate;
mod die_with_caller;
mod error;
mod restore_signals;
mod start;
mod vfork;

use std::fs::File;
use std::io::Read;

pub use crate::process::ExitStatus;
pub use command::{Command, Stdio};
pub use communicate::{Ended, Output, communicate, communicate_timeout, communicate_until};
pub use error::Error;
pub use restore_signals::restore_signals;
pub use start::Start;

use crate::process::reap_children_again;
use die_with_caller::{DieWithCaller, Whom};
use start::{Child, Pipes};

/// Runs a program to its end, with the caller's input and output.
///
/// ```
/// use multiproc::subprocess::{Command, ExitStatus, call};
///
/// let status = call(Command::new("sh").args(["-c", "exit 3"]))?;
/// assert_eq!(status, ExitStatus::Code(3));
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Start`] if it cannot be started. No exit status is an error.
pub fn call(command: &mut impl Start) -> Result<ExitStatus, Error> {
    let (mut child, _dies) = start(command, [false; 3], Whom::Program)?;
    Ok(child.wait()?)
}

/// Like [`call`], but returns an error unless the program exits with status 0.
///
/// ```
/// use multiproc::subprocess::{Command, check_call};
///
/// check_call(&mut Command::new("true"))?;
/// let error = check_call(&mut Command::new("false")).unwrap_err();
/// assert_eq!(error.to_string(), "'false' exited with status 1");
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Failed`]; otherwise as [`call`].
pub fn check_call(command: &mut impl Start) -> Result<(), Error> {
    let status = call(command)?;
    check(command, status, Vec::new()).map(drop)
}

/// Runs a program to its end and returns what it printed on standard output. Its
/// standard input and error are what its [`Command`] says; the caller's, if it is one
/// of the standard library, whatever that says.
///
/// ```
/// use multiproc::subprocess::{Command, check_output};
///
/// assert_eq!(check_output(Command::new("echo").arg("hello"))?, b"hello\n");
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// # Errors
///
/// As [`check_call`]; the error holds what was printed.
pub fn check_output(command: &mut impl Start) -> Result<Vec<u8>, Error> {
    let (mut child, _dies) = start(command, [false, true, false], Whom::Program)?;
    let mut output = Vec::new();
    let read = match child.stdout.take() {
        Some(pipe) => File::from(pipe).read_to_end(&mut output),
        None => Ok(0),
    };
    let status = child.wait()?;
    read?;
    check(command, status, output)
}

/// Python's `returncode`: the exit status, or the negative number of the signal
/// that killed the program.
///
/// ```
/// use multiproc::subprocess::{ExitStatus, returncode};
///
/// assert_eq!(returncode(ExitStatus::Code(3)), 3);
/// assert_eq!(returncode(ExitStatus::Signal(9)), -9);
/// ```
pub fn returncode(status: ExitStatus) -> i32 {
    match status {
        ExitStatus::Code(code) => code,
        ExitStatus::Signal(signal) => -signal,
    }
}

/// Starts a program. Keep the second value until the program has ended.
fn start(
    command: &mut impl Start,
    pipes: Pipes,
    whom: Whom,
) -> Result<(Child, DieWithCaller), Error> {
    let dies = DieWithCaller::new(whom)?;
    reap_children_again();
    match command.start(pipes, &dies) {
        Ok(child) => Ok((child, dies)),
        Err(error) => Err(Error::start(command, error)),
    }
}

fn check(command: &impl Start, status: ExitStatus, output: Vec<u8>) -> Result<Vec<u8>, Error> {
    if status.success() {
        return Ok(output);
    }
    Err(Error::Failed {
        program: error::name(command),
        status,
        output,
    })
}
