//! The command line.

use clap::Parser;

// ANCHOR: options
/// Changes one balance in two threads under a lock; it is 0 at the end.
#[derive(Parser)]
#[command(name = "lock", after_help = EXAMPLES)]
pub(crate) struct Options {
    /// How often each thread adds its amount and takes it away
    #[arg(long, default_value_t = 100_000)]
    pub(crate) rounds: u64,
    /// The number of threads, 10000 at most; they add 5, 8, 11 and so on
    // Rust's runtime aborts where a thread finds no memory map left for its
    // signal stack (vm.max_map_count), with some 16,000 threads by default.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(..=10_000))]
    pub(crate) threads: u16,
    /// Do the same without the lock and say what becomes of the balance
    #[arg(long)]
    pub(crate) without_lock: bool,
}
// ANCHOR_END: options

const EXAMPLES: &str = "\
Examples:
  cargo run -p lock -- --threads 4 --rounds 1000000
  cargo run -p lock -- --without-lock";
