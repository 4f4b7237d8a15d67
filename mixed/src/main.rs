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

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use common::program::{self, Exit};
use common::say;
use mixed::client::Answer;
use mixed::server::{Settings, serve};
use multiproc::process::Process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Serves with several processes of several threads each, and kills one.
#[derive(Parser)]
#[command(name = "mixed", after_help = EXAMPLES)]
struct Options {
    /// How many processes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    processes: u16,
    /// How many threads in each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Stays, and serves HTTP until a signal ends it
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8000")]
    address: SocketAddr,
    /// After about so many requests a process gives way to a fresh one
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    requests: Option<u32>,
    /// How long requests may take to end when their process is to go, in seconds
    #[arg(long, default_value = "10", value_parser = program::seconds)]
    grace: Duration,
    /// A process without a sign of life for so many seconds is replaced
    #[arg(long, default_value = "30", value_parser = program::seconds)]
    hang: Duration,
    /// Every process crashes as it starts, to see what becomes of that
    #[arg(long)]
    crash: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p mixed
  cargo run -p mixed -- --processes 3 --threads 2";

fn main() -> ExitCode {
    program::run(|options: Options| match &options.command {
        None => demonstrate(&options),
        Some(Command::Serve(how)) => stay(&options, how),
    })
}

// ANCHOR: recipe
fn demonstrate(options: &Options) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let settings = settings(options, None);
    let server = Process::spawn("server", || serve(&listener, &settings).map(drop))?;
    drop(listener);

    let connections = usize::from(options.processes * options.threads);
    say!("{connections} connections are made, and each holds a thread:");
    let mut held = hold(address, connections)?;
    let victim = held[0].process().context("who answers?")?;
    say!("Process {victim} is killed.");
    kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL)?;
    let others = held.split_off(usize::from(options.threads));
    let broken = held.into_iter().filter_map(|answer| answer.release().err());
    let broken = broken.count();
    let answered = others
        .into_iter()
        .filter_map(|answer| answer.release().ok());
    say!(
        "{broken} connections broke, {} were answered.",
        answered.count()
    );

    say!("{connections} more connections:");
    let held = hold(address, connections)?;
    if held.iter().all(|answer| answer.process() != Some(victim)) {
        say!("A new process has taken the place of {victim}.");
    }
    held.into_iter()
        .try_for_each(|answer| answer.release().map(drop))?;
    kill(Pid::from_raw(server.pid().cast_signed()), Signal::SIGQUIT)?;
    server.join_success()?;
    say!("The server has ended.");
    Ok(())
}

/// Opens so many connections, and says who has them, in order.
fn hold(address: SocketAddr, connections: usize) -> anyhow::Result<Vec<Answer>> {
    let held = (0..connections).map(|_| Answer::hold(address));
    let mut held = held.collect::<Result<Vec<_>, _>>()?;
    held.sort_by_key(|answer| (answer.process(), answer.thread().to_string()));
    for answer in &held {
        let process = answer.process().unwrap_or_default();
        say!("  process {process}, {}", answer.thread());
    }
    Ok(held)
}
// ANCHOR_END: recipe

fn stay(options: &Options, how: &Serve) -> anyhow::Result<()> {
    let address = how.address;
    let listener = TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
    let settings = settings(options, Some(how));
    let (processes, threads) = (settings.processes, settings.threads);
    let address = listener.local_addr()?;
    say!("Serving http://{address}/ with {processes} processes of {threads} threads each.");
    match serve(&listener, &settings)? {
        Signal::SIGQUIT => Ok(()),
        signal => Err(Exit::new(128 + u8::try_from(signal as i32)?, "").into()),
    }
}

fn settings(options: &Options, how: Option<&Serve>) -> Settings {
    Settings {
        processes: options.processes,
        threads: options.threads,
        requests: how.and_then(|how| how.requests),
        grace: how.map_or(Duration::from_secs(10), |how| how.grace),
        hang: how.map_or(Duration::from_secs(30), |how| how.hang),
        say: how.is_some(),
        crash: how.is_some_and(|how| how.crash),
    }
}
