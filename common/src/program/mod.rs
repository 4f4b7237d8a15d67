//! The frame around every recipe's `main`: options in, exit status out.
//!
//! An error is one line on standard error, `NAME: what failed: why`, without
//! a backtrace, and exit status 1; an unknown option is clap's message and
//! status 2; [`Exit`] chooses another status.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use multiproc::process::{Died, ExitStatus, JoinError};

/// Parses the command line into `Options`, runs `recipe` with them and turns
/// its outcome into the exit status.
pub fn run<Options: clap::Parser>(recipe: impl FnOnce(Options) -> anyhow::Result<()>) -> ExitCode {
    // The command's own name: argv[0] may be a path, or anything at all.
    let name = Options::command().get_name().to_string();
    let options = Options::parse();
    finish(&name, recipe(options))
}

/// Runs an example that takes no options; anything but `--help` on its command
/// line is a usage error.
///
/// `about` is what `--help` says.
pub fn example(about: &'static str, body: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    let path = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&path)
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    clap::Command::new(name.clone()).about(about).get_matches();
    finish(&name, body())
}

/// Reads a number of seconds for clap: `0.5`, `3`.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_string())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// An error that ends the program with a status of its own.
///
/// ```
/// # fn look() -> anyhow::Result<()> {
/// use common::program::Exit;
/// Err(Exit::new(127, "cannot run 'ping': No such file or directory"))?
/// # }
/// # assert!(look().is_err());
/// ```
#[derive(Debug, Clone)]
pub struct Exit {
    status: u8,
    message: String,
}

impl Exit {
    /// Ends with `status`, saying `message`; an empty message says nothing.
    pub fn new(status: u8, message: impl Into<String>) -> Self {
        Exit {
            status,
            message: message.into(),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Exit {}

fn finish(name: &str, outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else {
        // Rust's own exit would drop an error here: a full disk must not look
        // like success.
        return match std::io::stdout().flush() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                complain(name, &error.to_string());
                ExitCode::FAILURE
            }
        };
    };
    // A child that died of SIGPIPE found standard output closed; what it would
    // have printed, nobody reads.
    let reader_gone = error.chain().any(|cause| {
        let died = match cause.downcast_ref() {
            Some(JoinError::Died(died)) => Some(died),
            _ => cause.downcast_ref::<Died>(),
        };
        died.is_some_and(|died| died.status == ExitStatus::Signal(libc::SIGPIPE))
    });
    if reader_gone {
        return ExitCode::SUCCESS;
    }
    complain(name, &format!("{error:#}"));
    let exit = error.chain().find_map(|cause| cause.downcast_ref::<Exit>());
    exit.map_or(ExitCode::FAILURE, |exit| ExitCode::from(exit.status))
}

fn complain(name: &str, message: &str) {
    let message = message.replace('\n', " ");
    if !message.is_empty() {
        // `eprintln!` would panic where standard error is closed.
        let _ = writeln!(std::io::stderr(), "{name}: {message}");
    }
}
