//! How a process ended, and what a child's closure may return.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write};

use nix::sys::signal::Signal;
use thiserror::Error;

use crate::error_text::debug_as_message;

/// How a process ended (wait(2)).
///
/// ```
/// use multiproc::process::ExitStatus;
///
/// assert_eq!(ExitStatus::Code(3).to_string(), "exited with status 3");
/// assert_eq!(ExitStatus::Signal(9).to_string(), "was killed by SIGKILL");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It exited with this status, 0 to 255.
    Code(i32),
    /// A signal killed it. Python's `exitcode` is the negative of this.
    Signal(i32),
}

impl ExitStatus {
    /// Whether the process exited with status 0.
    pub fn success(self) -> bool {
        self == ExitStatus::Code(0)
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ExitStatus::Code(code) => write!(f, "exited with status {code}"),
            ExitStatus::Signal(signal) => match Signal::try_from(signal) {
                Ok(name) => write!(f, "was killed by {name}"),
                Err(_) => write!(f, "was killed by signal {signal}"),
            },
        }
    }
}

/// A child that did not end as it should have.
///
/// ```
/// use multiproc::process::{ExitStatus, JoinError, Process};
///
/// let child = Process::spawn("victim", || loop {
///     std::thread::park();
/// })?;
/// child.kill()?;
/// let Err(JoinError::Died(died)) = child.join_success() else {
///     panic!("it was killed");
/// };
/// assert_eq!((&*died.name, died.pid), ("victim", child.pid()));
/// assert_eq!(died.status, ExitStatus::Signal(9)); // SIGKILL
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Error, PartialEq, Eq)]
#[error("process '{name}' ({pid}) {status}")]
pub struct Died {
    /// The child's name.
    pub name: String,
    /// Its process identifier.
    pub pid: u32,
    /// How it ended.
    pub status: ExitStatus,
}

/// Why [`join_success`](super::Process::join_success) did not succeed.
///
/// ```
/// use multiproc::process::{JoinError, Process};
///
/// let child = Process::spawn("checker", || Err::<(), _>("it is not there"))?;
/// match child.join_success() {
///     Err(JoinError::Died(died)) => println!("{died}"), // … exited with status 1
///     other => other?,
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The child ended, but not with exit status 0.
    #[error(transparent)]
    Died(Died),
    /// The child cannot be waited for.
    #[error("cannot wait for a child")]
    Wait(
        #[source]
        #[from]
        io::Error,
    ),
}

debug_as_message!(Died, JoinError);

/// What a child's closure may return: it becomes the child's exit status.
///
/// A closure that never returns is fine too:
///
/// ```
/// # use multiproc::process::Process;
/// let server = Process::spawn("server", || loop {
///     std::thread::park();
/// })?;
/// server.kill()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Outcome {
    /// The exit status. An error is printed on standard error, after the child's
    /// `name`.
    fn report(self, name: &str) -> i32;
}

impl Outcome for () {
    fn report(self, _name: &str) -> i32 {
        0
    }
}

/// For a closure that never returns: it loops, panics or exits.
impl Outcome for Never {
    fn report(self, _name: &str) -> i32 {
        self
    }
}

impl Outcome for Infallible {
    fn report(self, _name: &str) -> i32 {
        match self {}
    }
}

/// The type `!`, which stable Rust cannot name yet, taken from the type of a
/// function that never returns.
type Never = <fn() -> ! as returns::Returns>::Type;

mod returns {
    /// Names the type that a function returns.
    pub trait Returns {
        type Type;
    }

    impl<T> Returns for fn() -> T {
        type Type = T;
    }
}

/// The exit status itself; the system keeps its low eight bits.
impl Outcome for i32 {
    fn report(self, _name: &str) -> i32 {
        self
    }
}

impl<T: Outcome, E: fmt::Display> Outcome for Result<T, E> {
    fn report(self, name: &str) -> i32 {
        match self {
            Ok(value) => value.report(name),
            Err(error) => {
                // `:#` prints the whole chain of an `anyhow::Error`. In one
                // write, or the lines of several processes mix.
                let line = format!("{name}: {error:#}\n");
                let _ = io::stderr().write_all(line.as_bytes());
                1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_as_a_sentence_part() {
        assert_eq!(ExitStatus::Code(3).to_string(), "exited with status 3");
        assert_eq!(ExitStatus::Signal(9).to_string(), "was killed by SIGKILL");
        assert_eq!(
            ExitStatus::Signal(40).to_string(),
            "was killed by signal 40"
        );
    }
}
