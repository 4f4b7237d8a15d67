//! Runs other programs, with this one's output or with input and output of
//! their own.
//!
//! ```console
//! $ cargo run -p subprocess
//! $ cargo run -p subprocess -- call ls -l
//! $ cargo run -p subprocess -- communicate --input 'set q=mx\npython.org\nexit\n' nslookup
//! ```
//!
//! Python: `subprocess.call([...])` and `Popen([...], ...).communicate(b"...")`.
//!
//! What to notice: the line with `$` is written out before the program starts,
//! or it would come after the program's own output.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use common::program::{self, Exit};
use common::say;
use multiproc::deadline::Deadline;
use multiproc::subprocess::{Ended, Error, call, communicate_until, returncode};

const EXAMPLES: &str = "Examples:
  subprocess call ls -l
  subprocess communicate --input 'set q=mx\\npython.org\\nexit\\n' nslookup";

/// Shows how to run other programs, talk to them, and learn how they ended.
#[derive(Parser)]
#[command(name = "subprocess", after_help = EXAMPLES)]
struct Options {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Runs a program with this one's input and output
    Call {
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Feeds a program, and prints what it has printed when it has ended
    Communicate {
        /// What it gets to read; \n, \t and \\ stand for a newline, a tab and \
        #[arg(long, default_value = "")]
        input: String,
        /// After how many seconds to kill it and all that it has started
        #[arg(long, value_parser = seconds)]
        timeout: Option<Duration>,
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| match options.what {
        None => ping(),
        Some(What::Call { command }) => Ok(run(&command).map_err(exit)?),
        Some(What::Communicate {
            input,
            timeout,
            command,
        }) => talk(&command, &unescape(&input), timeout),
    })
}

/// What the notes do; and where there is no ping, what any system can.
fn ping() -> anyhow::Result<()> {
    match run(&["ping", "127.0.0.1", "-c", "4"].map(OsString::from)) {
        Err(error) if error.is_missing() => {
            eprintln!("subprocess: {error}; looking up a name instead");
            Ok(run(&["getent", "hosts", "localhost"].map(OsString::from)).map_err(exit)?)
        }
        other => Ok(other.map_err(exit)?),
    }
}

fn run(command: &[OsString]) -> Result<(), Error> {
    say!("$ {}", shown(command));
    let status = call(&mut prepared(command))?;
    say!("Exit code: {}", returncode(status));
    Ok(())
}

fn talk(command: &[OsString], input: &[u8], timeout: Option<Duration>) -> anyhow::Result<()> {
    say!("$ {}", shown(command));
    let deadline = timeout.map_or(Deadline::NEVER, Deadline::after);
    // A program with a time-out is out of Ctrl-C's reach: pass it on.
    let interrupted = timeout.map(|_| on_interrupt()).transpose()?;
    let cancel = interrupted.as_ref().map(|fd| fd.as_fd());
    let output =
        communicate_until(&mut prepared(command), input, deadline, cancel).map_err(exit)?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !text.is_empty() {
        say!("{}", text.strip_suffix('\n').unwrap_or(&text));
    }
    // Where nobody reads it, there is nobody to be told.
    let _ = std::io::stderr().write_all(String::from_utf8_lossy(&output.stderr).as_bytes());
    say!("Exit code: {}", returncode(output.status));
    match output.ended {
        Ended::ByItself => Ok(()),
        Ended::TimedOut => Err(Exit::new(124, "the time is up: the program was killed"))?,
        Ended::Cancelled => Err(Exit::new(130, "interrupted: the program was killed"))?,
    }
}
// ANCHOR_END: recipe

fn prepared(command: &[OsString]) -> Command {
    let mut prepared = Command::new(&command[0]);
    prepared.args(&command[1..]);
    prepared
}

fn shown(command: &[OsString]) -> String {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// The status that a shell would have.
fn exit(error: Error) -> Exit {
    Exit::new(error.exit_code(), error.to_string())
}

/// Becomes readable at Ctrl-C.
fn on_interrupt() -> anyhow::Result<OwnedFd> {
    let (reader, mut writer) = std::io::pipe().context("pipe - interrupt")?;
    ctrlc::set_handler(move || {
        let _ = writer.write_all(b"!");
    })
    .context("cannot handle Ctrl-C")?;
    Ok(reader.into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    let mut buffer = [0; 4];
    while let Some(char) = rest.next() {
        let char = match (char, rest.clone().next()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('t')) => '\t',
            ('\\', Some('\\')) => '\\',
            (other, _) => {
                bytes.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes());
                continue;
            }
        };
        rest.next();
        bytes.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
    }
    bytes
}
