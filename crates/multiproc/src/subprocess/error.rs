//! What can go wrong with another program.

use std::io;

use super::Start;
use crate::process::ExitStatus;
use thiserror::Error as ThisError;

/// Why a program could not be run, or did not succeed.
///
/// ```
/// use multiproc::subprocess::{Command, Error, check_output};
///
/// match check_output(Command::new("sh").args(["-c", "echo half; exit 1"])) {
///     Err(Error::Failed { output, .. }) => assert_eq!(output, b"half\n"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The program could not be started.
    #[error("cannot run '{program}': {}", reason(.error))]
    Start {
        /// The program.
        program: String,
        /// Why it could not be started.
        error: io::Error,
    },
    /// The program did not exit with status 0. Python's `CalledProcessError`.
    #[error("'{program}' {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed on standard output, if that was collected.
        output: Vec<u8>,
    },
    /// A system call failed after the program was started.
    #[error("cannot talk to the program: {0}")]
    System(#[from] io::Error),
}

impl Error {
    pub(crate) fn start(command: &impl Start, error: io::Error) -> Self {
        Error::Start {
            program: name(command),
            error,
        }
    }

    /// What a shell's `$?` would be: 127 if there is no such program, 126 if it
    /// cannot be executed, 128 plus the signal's number if it was killed.
    ///
    /// ```
    /// use multiproc::subprocess::{Command, call};
    ///
    /// let error = call(&mut Command::new("no-such-program")).unwrap_err();
    /// assert!(error.is_missing() && error.exit_code() == 127);
    /// ```
    pub fn exit_code(&self) -> u8 {
        let code = match self {
            Error::Start { error, .. } => match error.kind() {
                io::ErrorKind::NotFound => 127,
                _ => 126,
            },
            Error::Failed { status, .. } => match *status {
                ExitStatus::Code(code) => code,
                ExitStatus::Signal(signal) => 128 + signal,
            },
            Error::System(_) => 1,
        };
        u8::try_from(code).unwrap_or(1)
    }

    /// Whether the reason is that there is no such program.
    pub fn is_missing(&self) -> bool {
        matches!(self, Error::Start { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(error: rustix::io::Errno) -> Self {
        Error::System(error.into())
    }
}

pub(crate) fn name(command: &impl Start) -> String {
    command.program().to_string_lossy().into_owned()
}

/// The system's message as a shell prints it, without Rust's error number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((reason, _)) => reason.to_string(),
        None => text,
    }
}
