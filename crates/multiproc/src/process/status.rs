//! How a process ended, and what a child's closure may return.

use std::fmt;
use std::io::{self, Write};

use nix::sys::signal::Signal;
use thiserror::Error;

/// How a process ended (wait(2)).
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

/// A child ended in another way than it should have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
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
#[derive(Debug, Error)]
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

/// What a child's closure may return: it becomes the child's exit status.
pub trait Outcome {
    /// The exit status; an error is said on standard error, as the child
    /// called `name`.
    fn report(self, name: &str) -> i32;
}

impl Outcome for () {
    fn report(self, _name: &str) -> i32 {
        0
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
                // `:#` gives the whole chain of an `anyhow::Error`.
                let _ = writeln!(io::stderr(), "{name}: {error:#}");
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
