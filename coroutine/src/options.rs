//! The recipe's options.

use std::time::Duration;

use clap::{Parser, ValueEnum};
use common::program;

/// Runs coroutines in one thread that wait at the same time.
#[derive(Parser, Debug)]
#[command(name = "coroutine", after_help = EXAMPLES)]
pub struct Options {
    /// How long each coroutine waits, in seconds
    #[arg(long, value_delimiter = ',', default_value = "0.9,0.6,0.3", value_parser = program::seconds)]
    pub waits: Vec<Duration>,
    /// Whose event loop runs them
    #[arg(long, value_enum, default_value = "ours")]
    pub on: Loop,
}

/// An event loop.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Loop {
    /// [`event_loop`](crate::event_loop).
    #[value(help = None)]
    Ours,
    /// tokio's, with one thread.
    #[value(help = None)]
    Tokio,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p coroutine -- --waits 3,2,1,0.5
  cargo run -p coroutine -- --on tokio";
