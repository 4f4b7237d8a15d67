//! The recipe's options.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use common::program;

use crate::server::Settings;

/// Serves with several processes of several threads each, and kills one.
#[derive(Debug, Parser)]
#[command(name = "mixed", after_help = EXAMPLES)]
pub struct Options {
    /// How many processes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub processes: u16,
    /// How many threads in each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// What to do but the demonstration.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do but the demonstration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stays, and serves HTTP until a signal ends it
    Serve(Serve),
}

/// The options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8000")]
    pub address: SocketAddr,
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

impl Options {
    /// The server that they describe.
    pub fn settings(&self) -> Settings {
        let settings = Settings::of(self.processes, self.threads);
        match &self.command {
            None => settings,
            Some(Command::Serve(how)) => Settings {
                requests: how.requests,
                grace: how.grace,
                hang: how.hang,
                say: true,
                crash: how.crash,
                ..settings
            },
        }
    }
}
