//! The command line.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use common::program;

const EXAMPLES: &str = r"Examples:
  cargo run -p subprocess -- call ls -l
  cargo run -p subprocess -- communicate --input 'cherry\napple\n' sort";

/// Runs other programs, talks to them, and tells how they ended.
#[derive(Parser)]
#[command(name = "subprocess", after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) what: Option<What>,
}

#[derive(Subcommand)]
pub(crate) enum What {
    /// Runs a program with this one's input and output
    Call(Program),
    /// Feeds a program, and prints what it has printed when it has ended
    Communicate(Conversation),
}

#[derive(Args)]
pub(crate) struct Conversation {
    /// What it gets to read; \n stands for a newline
    #[arg(long, default_value = "")]
    pub(crate) input: String,
    /// After how many seconds to kill it and all that it has started
    #[arg(long, value_parser = program::seconds)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) program: Program,
}

#[derive(Args)]
pub(crate) struct Program {
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}
