//! A crash ends a process, not its neighbours; a thread's crash ends them all.
//!
//! ```text
//! $ cargo run -q -p process --example crash_isolation
//! Two processes, one of them crashes:
//!   process 'crashes' (4712) was killed by SIGSEGV
//!   process 'goes on' (4713) exited with status 0
//! Two threads of one process, one of them crashes:
//!   process 'both' (4714) was killed by SIGABRT; it had done 0 of 1
//! ```
//!
//! The notes' case for processes. What to notice: in the second part both
//! threads run in a child, or this program would be gone with them. A panic is
//! not a crash: Rust ends only the thread. An abort, a wild pointer or a stack
//! overflow ends the process, with all its threads in the middle of whatever they
//! do.
#![forbid(unsafe_code)]

use std::io;
use std::os::fd::AsFd;
use std::process::{ExitCode, abort};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::ensure;
use common::{program, say};
use multiproc::deadline::Deadline;
use multiproc::process::{Died, ExitStatus, Process, wait_readable};
use multiproc::shared::Shared;
use multiproc::thread::Builder;
use nix::sys::signal::{Signal, raise};

fn main() -> ExitCode {
    program::example(
        "Shows what a crash takes along: processes and threads compared",
        || {
            processes()?;
            threads()
        },
    )
}

fn processes() -> anyhow::Result<()> {
    say!("Two processes, one of them crashes:");
    // What a wild pointer gets from the kernel, without the wild pointer.
    let crashes = Process::spawn("crashes", || raise(Signal::SIGSEGV))?;
    // Its work takes longer than the other's crash.
    let goes_on = Process::spawn("goes on", || outlive(&crashes))?;
    say!("  {}", ended(&crashes)?);
    say!("  {}", ended(&goes_on)?);
    Ok(())
}

/// Returns when `process` has ended. It is not a child of the caller, so it
/// cannot be joined, but its descriptor becomes readable all the same.
fn outlive(process: &Process) -> io::Result<()> {
    wait_readable(process.as_fd(), Deadline::NEVER).map(drop)
}

fn threads() -> anyhow::Result<()> {
    say!("Two threads of one process, one of them crashes:");
    let done = &Shared::new(AtomicU32::new(0))?;
    let both = Process::spawn("both", || {
        thread::scope(|scope| {
            let crash = Builder::new().spawn_scoped(scope, || -> () { abort() })?;
            // It is never told that the other has ended, nor anything else.
            let waits = move || {
                let _ = crash.join();
                done.fetch_add(1, Ordering::SeqCst);
            };
            Builder::new().spawn_scoped(scope, waits).map(drop)
        })
    })?;
    let status = ended(&both)?;
    let crashed = matches!(status.status, ExitStatus::Signal(_));
    ensure!(crashed, "{status}: it did not come to the crash");
    say!(
        "  {status}; it had done {} of 1",
        done.load(Ordering::SeqCst)
    );
    Ok(())
}

fn ended(process: &Process) -> anyhow::Result<Died> {
    let status: ExitStatus = process.join()?;
    Ok(Died {
        name: process.name().to_string(),
        pid: process.pid(),
        status,
    })
}
