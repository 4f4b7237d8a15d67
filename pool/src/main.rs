//! Five tasks for four workers: a pool of processes.
//!
//! ```text
//! cargo run -p pool
//! ```
//!
//! Python: `multiprocessing.Pool(4)`, `apply_async`, `close`, `join`. What to
//! notice: tasks 0 to 3 start at once, each in a process of its own; task 4
//! waits until a worker is free, and runs in that one; the parent's last line
//! comes last because `join` waits for all. Ctrl-C ends the parent, and then the
//! pool's helper ends the workers, whatever they are doing.
#![forbid(unsafe_code)]

use std::process::{self, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use common::nap::Naps;
use common::{program, say};
use multiproc::pool::Pool;

/// Runs tasks that nap for a random time in a pool of worker processes.
#[derive(Parser)]
#[command(name = "pool", after_help = EXAMPLES)]
struct Options {
    /// How many worker processes; 0 takes one for each CPU
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(..=32_767))]
    workers: u16,
    /// How many tasks
    #[arg(long, default_value_t = 5)]
    tasks: u32,
    /// The longest nap, in seconds
    #[arg(long, default_value = "3", value_parser = program::seconds)]
    longest: Duration,
    /// Repeats the naps of an earlier run
    #[arg(long)]
    seed: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p pool
  cargo run -p pool -- --workers 2 --tasks 10 --longest 0.5 --seed 7";

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        say!("Parent process {}.", process::id());
        let naps = Naps::new(options.seed, options.longest);
        let workers = match options.workers {
            0 => num_cpus::get(),
            workers => usize::from(workers),
        };
        let pool = Pool::new(workers, |task: u32| long_task(task, naps))?;
        // Print this before the first task is added: a worker could be faster.
        say!("Waiting for all subprocess done...");
        let results: Vec<_> = (0..options.tasks)
            .map(|task| pool.apply_async(task))
            .collect();
        pool.close().join()?;
        for result in results {
            result.get()?;
        }
        say!("All subprocess done.");
        Ok(())
    })
}

fn long_task(task: u32, naps: Naps) {
    say!("Run task {task} ({})... ", process::id());
    let start = Instant::now();
    naps.take(u64::from(task));
    say!(
        "Task {task} runs {:.2} seconds.",
        start.elapsed().as_secs_f64()
    );
}
// ANCHOR_END: recipe
