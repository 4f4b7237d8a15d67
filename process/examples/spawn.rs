//! What replaces fork where there is none: the program starts itself again.
//!
//! ```text
//! $ cargo run -q -p process --example spawn
//! Parent process 4711.
//! Process will start.
//! Run child process test (4712)...
//! Process end.
//! ```
//!
//! Python: the `spawn` start method, the only one on Windows. A new process
//! starts from nothing, without copies of the parent's variables. So it is told
//! what to do (a role on its command line) and with what (its arguments,
//! serialised on its standard input).
//!
//! Python's child imports the parent's main module to find the function, and so
//! runs whatever is there outside `if __name__ == '__main__'`. If that starts a
//! child, the child starts a child, without end. Here `main` first looks for the
//! role, and a process that has one never reaches the line that starts a child.
#![forbid(unsafe_code)]

use std::io::{Read, Write, stdin};
use std::process::{self, Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use common::{program, say};
use serde::{Deserialize, Serialize};

/// Starts itself again as a child with a role.
#[derive(Parser)]
#[command(name = "spawn")]
struct Options {
    /// What this process is for: not given by people
    #[arg(long, hide = true)]
    role: Option<String>,
}

/// What the child is told.
#[derive(Serialize, Deserialize)]
struct Arguments {
    name: String,
    /// How many processes there are above the child.
    depth: u32,
}

// ANCHOR: parent
fn main() -> ExitCode {
    program::run(|options: Options| match options.role.as_deref() {
        None => parent(),
        Some("run_child") => child(),
        Some(other) => bail!("there is no role '{other}'"),
    })
}

fn parent() -> anyhow::Result<()> {
    say!("Parent process {}.", process::id());
    say!("Process will start.");
    let arguments = Arguments {
        name: "test".to_string(),
        depth: 1,
    };
    // Not `current_exe`: the file may have been replaced since; this is the
    // very program that is running.
    let mut child = Command::new("/proc/self/exe")
        .args(["--role", "run_child"])
        .stdin(Stdio::piped())
        .spawn()
        .context("start the child")?;
    let mut pipe = child.stdin.take().context("the child's input")?;
    pipe.write_all(&postcard::to_stdvec(&arguments)?)?;
    drop(pipe); // the end of the arguments
    let status = child.wait()?;
    ensure!(status.success(), "the child ended with {status}");
    say!("Process end.");
    Ok(())
}
// ANCHOR_END: parent

fn child() -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes)?;
    let arguments: Arguments = postcard::from_bytes(&bytes).context("not started by a parent")?;
    ensure!(arguments.depth == 1, "a child starts no children");
    say!(
        "Run child process {} ({})... ",
        arguments.name,
        process::id()
    );
    Ok(())
}
