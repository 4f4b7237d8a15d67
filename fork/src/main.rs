//! One process becomes two: the `fork(2)` system call, bare.
//!
//! ```text
//! cargo run -p fork
//! ```
//!
//! Python: `os.fork()`. What to notice: the call returns twice, with 0 in the
//! child and with the child's number in the parent; the parent waits, so the
//! child's parent is still there when the child asks for it. Everything that
//! this program leaves to care is taken care of in `multiproc::process`.

#![expect(unsafe_code, reason = "this recipe shows the system call itself")]

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use common::{program, say};
use multiproc::process;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid, getppid};

/// Forks a child; both say who they are.
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
        // that the child lacks, and the child may run any code.
        match unsafe { fork() }.context("fork")? {
            ForkResult::Child => {
                let (own, parent) = (getpid(), getppid());
                say!("I am child process ({own}) and my parent is {parent}.");
                // Not `exit` and no return: what the parent left to be done at
                // its end, destructors and buffers, is the parent's to do.
                process::exit_now(0)
            }
            ForkResult::Parent { child } => {
                let own = getpid();
                say!("I ({own}) just created a child process ({child}).");
                // Without this the child would end as a zombie, or ask for its
                // parent when that has gone.
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
