//! What can go wrong with another program.

use std::io;
use std::process::Command;

use crate::process::ExitStatus;
use thiserror::Error as ThisError;

/// Why a program could not be run, or did not succeed.
///
/// ```
/// use std::process::Command;
/// use multiproc::subprocess::{Error, check_output};
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
        /// What was to be run.
        program: String,
        /// Why not.
        error: io::Error,
    },
    /// The program ended otherwise than with exit status 0. Python's
    /// `CalledProcessError`.
    #[error("'{program}' {status}")]
    Failed {
        /// What was run.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it had printed on standard output, where that was collected.
        output: Vec<u8>,
    },
    /// The system failed afterwards.
    #[error("cannot talk to the program: {0}")]
    System(#[from] io::Error),
}

impl Error {
    pub(crate) fn start(command: &Command, error: io::Error) -> Self {
        Error::Start {
            program: name(command),
            error,
        }
    }

    /// What a shell's `$?` would be: 127 for a program that is not there, 126
    /// for one that cannot be executed, 128 and the signal's number for one
    /// that was killed.
    ///
    /// ```
    /// use std::process::Command;
    /// use multiproc::subprocess::call;
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

    /// Whether there is no such program.
    pub fn is_missing(&self) -> bool {
        matches!(self, Error::Start { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(error: rustix::io::Errno) -> Self {
        Error::System(error.into())
    }
}

pub(crate) fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The system's words, as a shell says them, without Rust's error number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((reason, _)) => reason.to_string(),
        None => text,
    }
}
