//! The command line.

use std::time::Duration;

use clap::Parser;
use common::program;

/// Keeps all cores busy and shows how busy they are.
#[derive(Parser)]
#[command(name = "multicore", after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The number of threads; as many as there are cores to use by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) threads: Option<u32>,
    /// For how long, in seconds; Ctrl-C ends it sooner
    #[arg(long, default_value = "5", value_parser = program::seconds)]
    pub(crate) seconds: Duration,
    /// Use processes in place of threads
    #[arg(long)]
    pub(crate) processes: bool,
    /// Run the same loop in Python's threads first, for comparison
    #[arg(long)]
    pub(crate) python: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p multicore -- --threads 1 --seconds 1
  cargo run -p multicore -- --processes --seconds 1";
