//! Processes with threads in each: a server after Apache's worker model.
//!
//! ```text
//! cargo run -p mixed
//! cargo run -p mixed -- --processes 4 --threads 8 serve --address 127.0.0.1:8000
//! ```
//!
//! Python: a pre-fork server with threads, gunicorn's `--workers 2 --threads 3`.
//! What to notice: a process that is killed takes along the connections of its
//! own threads and no others, and a new one takes its place; the parent forks
//! before anybody has a thread, and never has one itself; no lock is between the
//! processes, and the kernel hands out the connections.
#![forbid(unsafe_code)]

use std::net::TcpListener;
use std::process::ExitCode;

use anyhow::Context;
use common::{program, say};
use mixed::client::{hold, release};
use mixed::options::{Command, Options};
use mixed::server::{serve, stay};
use multiproc::process::Process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| match &options.command {
        None => demonstrate(&options),
        Some(Command::Serve(how)) => stay(how.address, &options.settings()),
    })
}

fn demonstrate(options: &Options) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let settings = options.settings();
    let server = Process::spawn("server", || serve(&listener, &settings).map(drop))?;
    drop(listener);

    let connections = usize::from(options.processes * options.threads);
    say!("{connections} connections are made, and each holds a thread:");
    let mut held = hold(address, connections)?;
    let victim = held[0].process().context("who answers?")?;
    say!("Process {victim} is killed.");
    kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL)?;
    // They are in the order of their processes, the victim's first.
    let others = held.split_off(usize::from(options.threads));
    let (_, broken) = release(held);
    let (answered, _) = release(others);
    say!("{broken} connections broke, {answered} were answered.");

    say!("{connections} more connections:");
    let held = hold(address, connections)?;
    if held.iter().all(|answer| answer.process() != Some(victim)) {
        say!("A new process has taken the place of {victim}.");
    }
    release(held);
    kill(Pid::from_raw(server.pid().cast_signed()), Signal::SIGQUIT)?;
    server.join_success()?;
    say!("The server has ended.");
    Ok(())
}
// ANCHOR_END: recipe
