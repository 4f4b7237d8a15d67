//! One program's output into another's input, without a shell.
//!
//! ```console
//! $ cargo run -p subprocess --example pipeline
//! $ printf '...' | sort | uniq -c
//!       2 lock
//!       1 pipe
//!       3 queue
//! Exit codes: 0 0 0
//! ```
//!
//! Python: `Popen(["sort"], stdin=first.stdout, stdout=PIPE)`, and then
//! `first.stdout.close()`.
//!
//! What to notice: no byte passes through this program. Each reading end moves
//! into the program that reads from it. So a writer whose reader is gone gets
//! `SIGPIPE` and ends, as in a shell. In Python you must close your copy yourself.
#![forbid(unsafe_code)]

use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use anyhow::Context;
use common::{program, say};

const WORDS: &str = r"queue\nlock\nqueue\npipe\nlock\nqueue\n";

fn main() -> ExitCode {
    program::example("Shows a pipeline without a shell.", || {
        say!("$ printf '...' | sort | uniq -c");
        let (printf, words) = start(Command::new("printf").arg(WORDS), Stdio::null())?;
        let (sort, sorted) = start(&mut Command::new("sort"), words.into())?;
        let (uniq, counted) = start(Command::new("uniq").arg("-c"), sorted.into())?;

        for line in std::io::read_to_string(counted)?.lines() {
            say!("{line}");
        }
        let mut codes = String::new();
        for mut child in [printf, sort, uniq] {
            let code = child.wait()?.code().context("killed by a signal")?;
            codes.push_str(&format!(" {code}"));
        }
        say!("Exit codes:{codes}");
        Ok(())
    })
}

fn start(command: &mut Command, input: Stdio) -> anyhow::Result<(Child, ChildStdout)> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run '{program}'"))?;
    let output = child.stdout.take().context("no output")?;
    Ok((child, output))
}
