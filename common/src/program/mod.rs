//! The frame around every recipe's `main`: options in, exit status out.
//!
//! An error is one line on standard error, `NAME: what failed: why`, without a
//! backtrace, and exit status 1. An unknown option is clap's message and status 2.
//! The failure of another program has the status that a shell would give it.
//! [`Exit`] chooses any other status.
//!
//! Ctrl-C, `kill` and a closing terminal end a program by default, and the shell
//! reports 130, 143 and 129. A program that must clean up first catches them with
//! [`StopSignals`].

mod options;
mod progress;
mod signals;

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use multiproc::process::{Died, ExitStatus, JoinError};
use multiproc::subprocess;

use crate::{complain, timeline};

pub use options::seconds;
pub use progress::Progress;
pub use signals::{StopSignal, StopSignals};

/// Parses the command line into `Options`, runs `recipe` with them and turns
/// its outcome into the exit status.
pub fn run<Options: clap::Parser>(recipe: impl FnOnce(Options) -> anyhow::Result<()>) -> ExitCode {
    // The command's name, since argv[0] may be a path, or anything at all.
    let name = Options::command().get_name().to_string();
    let (options, picture) = options::parse();
    finish(&name, with_picture(picture, || recipe(options)))
}

/// Runs a recipe, and draws its run if that is wanted, however it ended.
fn with_picture(
    picture: Option<PathBuf>,
    recipe: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = picture else { return recipe() };
    // Not at the end of a long run: where nothing can be written.
    let path = timeline::writable(path)?;
    timeline::start()?;
    let outcome = recipe();
    outcome.and(timeline::finish(&path, &options::command_line()))
}

/// Runs an example that takes no options but `--help` and `--timeline`; anything
/// else on its command line is a usage error.
///
/// `about` is what `--help` says.
pub fn example(about: &'static str, body: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    let (name, picture) = options::parse_none(about);
    finish(&name, with_picture(picture, body))
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
    /// Ends with `status` and prints `message`, unless it is empty.
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
        // Rust's own exit would ignore an error here, and a full disk would look
        // like success.
        return match std::io::stdout().flush() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                complain!("{name}: {error}");
                ExitCode::FAILURE
            }
        };
    };
    // A child that died of SIGPIPE found standard output closed: nobody reads
    // what it would have printed.
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
    let message = format!("{error:#}");
    if !message.is_empty() {
        complain!("{name}: {message}");
    }
    let status = error.chain().find_map(|cause| {
        let exit = cause.downcast_ref::<Exit>().map(|exit| exit.status);
        // The status that a shell gives: 127 for a program that does not exist.
        let program = cause.downcast_ref::<subprocess::Error>();
        exit.or(program.map(subprocess::Error::exit_code))
    });
    status.map_or(ExitCode::FAILURE, ExitCode::from)
}
