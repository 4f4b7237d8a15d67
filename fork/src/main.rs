//! One process becomes two: the `fork(2)` system call, bare.
//!
//! ```text
//! cargo run -p fork
//! ```
//!
//! Python: `os.fork()`. What to notice: the call returns twice, with 0 in the
//! child and with the child's pid in the parent. The parent waits, so it is still
//! there when the child asks for its parent. `multiproc::process` does all that a
//! careful program must do besides.

#![expect(unsafe_code, reason = "this recipe shows the system call itself")]

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use common::{program, say};
use multiproc::process;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid, getppid};

/// Forks a child; both print who they are.
#[derive(Parser)]
#[command(name = "fork", after_help = EXAMPLES)]
struct Options {}

const EXAMPLES: &str = "\
Examples:
  cargo run -p fork
  cargo run -p fork --example zombie_and_orphan";

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|_: Options| {
        say!("Process ({}) start...", getpid());
        // SAFETY: this process has one thread, so no lock is held by a thread
        // that is missing in the child, and the child may run any code.
        match unsafe { fork() }.context("fork")? {
            ForkResult::Child => {
                let (own, parent) = (getpid(), getppid());
                say!("I am child process ({own}) and my parent is {parent}.");
                // Neither return nor `exit`: destructors and buffers belong to
                // the parent, and must not run or be flushed here as well.
                process::exit_now(0)
            }
            ForkResult::Parent { child } => {
                let own = getpid();
                say!("I ({own}) just created a child process ({child}).");
                // Otherwise the child would become a zombie, or ask for its
                // parent when that is gone.
                let status = waitpid(child, None).context("waitpid")?;
                ensure!(
                    status == WaitStatus::Exited(child, 0),
                    "the child ended otherwise than it should: {status:?}"
                );
                Ok(())
            }
        }
    })
}
// ANCHOR_END: recipe
