//! Runs other programs, with this one's input and output or with their own.
//!
//! ```text
//! cargo run -p subprocess
//! cargo run -p subprocess -- call ls -l
//! cargo run -p subprocess -- communicate --input 'cherry\napple\n' sort
//! ```
//!
//! Python: `subprocess.call([...])` and `Popen([...], ...).communicate(b"...")`.
//! What to notice: the line with `$` is written before the program starts, or it
//! would come after what the program prints.
#![forbid(unsafe_code)]

mod options;

use std::ffi::OsStr;
use std::io::{Write, stderr};
use std::process::ExitCode;

use common::program::{self, Exit};
use common::{complain, say};
use multiproc::subprocess::{self, Command, Ended, Error, call, returncode};

use options::{Conversation, Options, What};

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| match options.what {
        None => Ok(ping()?),
        Some(What::Call(program)) => Ok(run(&program.words)?),
        Some(What::Communicate(conversation)) => communicate(&conversation),
    })
}

/// What the notes do, or, where there is no ping, what any system can do.
fn ping() -> Result<(), Error> {
    match run(&["ping", "127.0.0.1", "-c", "4"]) {
        Err(error) if error.is_missing() => {
            complain!("subprocess: {error}; looking up a name instead");
            run(&["getent", "hosts", "localhost"])
        }
        other => other,
    }
}

fn run(words: &[impl AsRef<OsStr>]) -> Result<(), Error> {
    let status = call(&mut command(words))?;
    say!("Exit code: {}", returncode(status));
    Ok(())
}

fn communicate(conversation: &Conversation) -> anyhow::Result<()> {
    let mut command = command(&conversation.program.words);
    let input = conversation.input.replace(r"\n", "\n");
    let output = match conversation.timeout {
        None => subprocess::communicate(&mut command, input.as_bytes()),
        Some(time) => subprocess::communicate_timeout(&mut command, input.as_bytes(), time),
    }?;
    if !output.stdout.is_empty() {
        say!("{}", String::from_utf8_lossy(&output.stdout).trim_end());
    }
    // An error: nobody reads the output any more.
    let _ = stderr().write_all(&output.stderr);
    say!("Exit code: {}", returncode(output.status));
    match output.ended {
        Ended::TimedOut => Err(Exit::new(124, "the time is up: the program was killed"))?,
        _ => Ok(()),
    }
}

/// Shows the command, as at a prompt.
fn command(words: &[impl AsRef<OsStr>]) -> Command {
    let shown: Vec<_> = words.iter().map(|w| w.as_ref().to_string_lossy()).collect();
    say!("$ {}", shown.join(" "));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}
// ANCHOR_END: recipe
