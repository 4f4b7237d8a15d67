//! Starting a program, from either kind of command.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::ExitStatus;
use super::die_with_caller::DieWithCaller;
use super::restore_signals::set_default_actions;

/// What can be run: a [`Command`](super::Command), or one of the standard library.
///
/// The functions of this module take either. The standard library's can do more
/// (`uid`, `gid`, `pre_exec`), and takes long to start from a
/// [large process](super#from-a-large-process).
pub trait Start: Run {}

impl Start for super::Command {}
impl Start for std::process::Command {}

/// Which of standard input, output and error are pipes to the caller.
pub(super) type Pipes = [bool; 3];

/// What [`Start`] is made of: no other type can be one.
pub trait Run {
    /// The program's name, for messages.
    fn program(&self) -> &OsStr;

    /// Starts it. What is no pipe is as the command says.
    ///
    /// # Errors
    ///
    /// Those of the system calls, in the caller or in the child.
    fn start(&mut self, pipes: Pipes, dies: &DieWithCaller) -> io::Result<Child>;

    /// All signals have their default actions in the program.
    fn restore_signals(&mut self);
}

/// A program that runs.
#[derive(Debug)]
pub struct Child {
    pub(super) pid: Pid,
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

impl Child {
    /// Closes its input, and waits for its end. To be called once: then the number
    /// may be another's.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        loop {
            let ended = retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()))?;
            let status =
                ended.map(|(_, status)| (status.exit_status(), status.terminating_signal()));
            match status {
                Some((Some(code), _)) => return Ok(ExitStatus::Code(code)),
                Some((_, Some(signal))) => return Ok(ExitStatus::Signal(signal)),
                // Stopped under a debugger.
                _ => {}
            }
        }
    }
}

impl Run for std::process::Command {
    fn program(&self) -> &OsStr {
        self.get_program()
    }

    fn start(&mut self, pipes: Pipes, dies: &DieWithCaller) -> io::Result<Child> {
        dies.arm_before_exec(self);
        if pipes != [false; 3] {
            // What an earlier run has set cannot be read from it.
            let [stdin, stdout, stderr] = pipes.map(|pipe| match pipe {
                true => Stdio::piped(),
                false => Stdio::inherit(),
            });
            self.stdin(stdin).stdout(stdout).stderr(stderr);
        }
        // Dropping the library's `Child` neither ends nor reaps it.
        let child = self.spawn()?;
        Ok(Child {
            pid: Pid::from_child(&child),
            stdin: child.stdin.map(OwnedFd::from),
            stdout: child.stdout.map(OwnedFd::from),
            stderr: child.stderr.map(OwnedFd::from),
        })
    }

    fn restore_signals(&mut self) {
        set_default_actions(self);
    }
}
