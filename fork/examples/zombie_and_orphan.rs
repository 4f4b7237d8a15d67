//! What is left when nobody waits for a child, and the cure.
//!
//! ```text
//! $ cargo run -q -p fork --example zombie_and_orphan
//! Child 4712 has ended and nobody has waited: its state is Z (zombie).
//! After waitpid: 4712 is gone.
//! Orphan 4714 had 4713 for a parent; then it had 4711, the nearest subreaper.
//! With PR_SET_PDEATHSIG: 4716 is gone.
//! ```
//!
//! What to notice: a zombie keeps its pid and its exit status until its parent
//! asks. An orphan's new parent is process 1, `init`, or a nearer process that has
//! declared itself a "subreaper", as this one does. The orphan goes on working
//! for nobody, unless it has asked the kernel to end it with its parent.

#![expect(unsafe_code, reason = "this recipe shows the system call itself")]

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process::ExitCode;

use anyhow::Context;
use common::{program, say};
use multiproc::process;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid};

fn main() -> ExitCode {
    program::example("Shows a zombie, an orphan, and the cure for each", || {
        // Become the parent of orphans, instead of init, to reap them.
        prctl::set_child_subreaper(true)?;
        zombie()?;
        orphan(false)?;
        orphan(true)
    })
}

// ANCHOR: zombie
fn zombie() -> anyhow::Result<()> {
    // SAFETY: this process has one thread; the child may run any code.
    let child = match unsafe { fork() }? {
        ForkResult::Child => process::exit_now(0),
        ForkResult::Parent { child } => child,
    };
    // Waits until it has ended, and leaves the status where it is.
    waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let state = stat_field(child, 0)?;
    say!("Child {child} has ended and nobody has waited: its state is {state} (zombie).");
    waitpid(child, None)?;
    say!(
        "After waitpid: {child} is {}.",
        if is_there(child) {
            "still there"
        } else {
            "gone"
        }
    );
    Ok(())
}
// ANCHOR_END: zombie

/// A parent that ends before its child. The grandchild tells its own number,
/// and holds the pipe open for as long as it lives.
fn orphan(dies_with_parent: bool) -> anyhow::Result<()> {
    let (mut reader, writer): (PipeReader, PipeWriter) = io::pipe()?;
    // Closed at the latest when this process ends, so that nobody stays for ever.
    let (lesson, teacher) = io::pipe()?;
    // SAFETY: this process has one thread; the child may run any code.
    let parent = match unsafe { fork() }? {
        ForkResult::Child => {
            drop((reader, teacher));
            become_parent(writer, lesson, dies_with_parent)
        }
        ForkResult::Parent { child } => child,
    };
    drop((writer, lesson));
    let mut number = [0; 4];
    let told = reader.read_exact(&mut number);
    kill(parent, Signal::SIGKILL)?;
    waitpid(parent, None)?;
    told.context("no grandchild")?;
    let child = Pid::from_raw(i32::from_ne_bytes(number));
    if dies_with_parent {
        waitpid(child, None)?;
        say!(
            "With PR_SET_PDEATHSIG: {child} is {}.",
            if is_there(child) {
                "still there"
            } else {
                "gone"
            }
        );
    } else {
        let new_parent = stat_field(child, 1)?;
        // Before anything is printed, which ends this program if nobody reads.
        kill(child, Signal::SIGKILL)?;
        waitpid(child, None)?;
        say!(
            "Orphan {child} had {parent} for a parent; then it had {new_parent}, the nearest subreaper."
        );
    }
    Ok(())
}

fn become_parent(mut writer: PipeWriter, mut lesson: PipeReader, child_dies_too: bool) -> ! {
    let own = nix::unistd::getpid();
    // SAFETY: as above: the copy of a process with one thread has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            if child_dies_too {
                let armed = prctl::set_pdeathsig(Signal::SIGKILL);
                // The parent may have died before that: then nobody sends it.
                if armed.is_err() || getppid() != own {
                    process::exit_now(1);
                }
            }
            // Only now may the first process kill this one's parent.
            let number = nix::unistd::getpid().as_raw();
            let _ = writer.write_all(&number.to_ne_bytes());
        }
        // Closes its end of the pipe.
        Ok(ForkResult::Parent { .. }) => drop(writer),
        Err(_) => process::exit_now(1),
    }
    // Nobody writes: this returns when the other end is closed.
    let _ = lesson.read(&mut [0]);
    process::exit_now(0)
}

/// The field of `/proc/PID/stat` that comes `n` after the name: 0 is the
/// state, 1 the parent.
fn stat_field(pid: Pid, n: usize) -> anyhow::Result<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    Ok(fields
        .split_whitespace()
        .nth(n)
        .context("no such field")?
        .to_string())
}

fn is_there(pid: Pid) -> bool {
    kill(pid, None).is_ok()
}
