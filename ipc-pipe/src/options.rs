//! The command line, and what it orders.

use clap::{Args, Parser};
use serde::{Deserialize, Serialize};

const EXAMPLES: &str = "Examples:
  cargo run -p ipc-pipe
  cargo run -p ipc-pipe -- --item coffee --cups 1000 --price 5";

/// Shows a dialogue between a parent and its child over a duplex pipe.
#[derive(Parser)]
#[command(name = "ipc-pipe", after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) order: Order,
    /// What the child asks for a cup
    #[arg(long, default_value_t = 4)]
    pub(crate) price: u32,
}

// A comment, and not a doc comment: that would replace the text of `--help`.
// What the parent sends.
#[derive(Args, Serialize, Deserialize)]
pub(crate) struct Order {
    /// What the parent orders
    #[arg(long, default_value = "tea")]
    pub(crate) item: String,
    /// How many cups of it
    #[arg(long, default_value_t = 3)]
    pub(crate) cups: u32,
}
