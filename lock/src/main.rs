//! Two threads change one balance, a hundred thousand times each, under a lock.
//!
//! ```text
//! cargo run -p lock
//! cargo run -p lock -- --without-lock
//! ```
//!
//! Python: `threading.Lock`, `lock.acquire()`, `try` … `finally`,
//! `lock.release()`. What to notice: with the lock the balance is 0, always;
//! without it updates are lost and the balance is anything, another each time.
//! The compiler does not even let two threads change a plain variable: what
//! the run without a lock does takes an effort, see `src/lib.rs`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use common::{program, say};
use lock::{WithLock, WithoutLock, run_threads};

/// Changes one balance in two threads under a lock; it is 0 at the end.
#[derive(Parser)]
#[command(name = "lock", after_help = EXAMPLES)]
struct Options {
    /// How often each thread adds its amount and takes it away
    #[arg(long, default_value_t = 100_000)]
    rounds: u64,
    /// The number of threads, 10000 at most; they add 5, 8, 11 and so on
    // Rust's runtime aborts where a thread finds no memory map left for its
    // signal stack (vm.max_map_count), with some 16,000 threads by default.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(..=10_000))]
    threads: u16,
    /// Do the same without the lock and say what becomes of the balance
    #[arg(long)]
    without_lock: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p lock -- --threads 4 --rounds 1000000
  cargo run -p lock -- --without-lock";

fn main() -> ExitCode {
    program::run(|options: Options| {
        let amounts: Vec<i64> = (0..i64::from(options.threads)).map(|n| 5 + 3 * n).collect();
        let run = if options.without_lock {
            run_threads::<WithoutLock>
        } else {
            run_threads::<WithLock>
        };
        let balance = run(&amounts, options.rounds).context("cannot start a thread")?;
        say!("{balance}");
        if !options.without_lock {
            return Ok(());
        }
        if balance == 0 {
            say!("This time the balance is right. Nothing made sure that it would be.");
        } else {
            say!("The balance should be 0: updates were lost between a load and its store.");
        }
        Ok(())
    })
}
