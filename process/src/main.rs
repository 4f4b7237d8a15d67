//! A function in a child process, and waiting for its end.
//!
//! ```text
//! cargo run -p process
//! ```
//!
//! Python: `multiprocessing.Process(target=run_proc, args=('test',))`, `start`,
//! `join`. What to notice: the child's line comes between the parent's second and
//! third, because the parent joins. The closure may use the parent's variables:
//! the child has its own copies.
#![forbid(unsafe_code)]

use std::process::{self, ExitCode};

use clap::Parser;
use common::{program, say};
use multiproc::process::Process;

/// Runs a function in a child process and waits for its end.
#[derive(Parser)]
#[command(name = "process", after_help = EXAMPLES)]
struct Options {
    /// The name that the child is given
    #[arg(long, default_value = "test")]
    name: String,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p process
  cargo run -p process -- --name another";

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        say!("Parent process {}.", process::id());
        say!("Process will start.");
        let child = Process::spawn("run_child", || run_child(&options.name))?;
        child.join_success()?;
        say!("Process end.");
        Ok(())
    })
}

fn run_child(name: &str) {
    say!("Run child process {name} ({})... ", process::id());
}
// ANCHOR_END: recipe
