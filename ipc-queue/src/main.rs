//! A writer and a reader, two processes, and the queue between them.
//!
//! ```text
//! cargo run -p ipc-queue
//! ```
//!
//! Python: `multiprocessing.Queue`, `put`, `get`, `terminate`. What to notice:
//! the reader is an endless loop, which the parent ends when all values are read.
#![forbid(unsafe_code)]

use std::process::{self, ExitCode};
use std::time::Duration;

use clap::Parser;
use common::nap::Naps;
use common::{program, say};
use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::Queue;

/// Passes three values from one process to another.
#[derive(Parser)]
#[command(name = "ipc-queue", after_help = EXAMPLES)]
struct Options {
    /// What the writer puts, one after the other
    #[arg(long, value_delimiter = ',', default_value = "A,B,C")]
    values: Vec<String>,
    /// The longest pause after a value, in seconds
    #[arg(long, default_value = "1", value_parser = program::seconds)]
    longest: Duration,
    /// Repeats the pauses of an earlier run
    #[arg(long)]
    seed: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p ipc-queue
  cargo run -p ipc-queue -- --values 1,2,3,4 --longest 0.2";

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        let queue = Queue::new()?;
        let writer = Process::spawn("writer", || write(&queue, &options))?;
        let reader = Process::spawn("reader", || read(&queue))?;
        // Wait until all is put and printed, unless the reader dies first.
        let a_while = Duration::from_millis(100);
        while writer.join_timeout(a_while)?.is_none() || !queue.join_timeout(a_while) {
            if !reader.is_alive()? {
                reader.join_success()?;
            }
        }
        writer.join_success()?;
        reader.terminate()?;
        Ok(reader.join().map(drop)?)
    })
}

fn write(queue: &Queue<String>, options: &Options) -> Result<(), Error> {
    say!("Process to write: {}", process::id());
    let naps = Naps::new(options.seed, options.longest);
    for (n, value) in (0..).zip(&options.values) {
        say!("Put {value} to queue...");
        queue.put(value)?;
        naps.take(n);
    }
    Ok(())
}

fn read(queue: &Queue<String>) -> Result<(), Error> {
    say!("Process to read: {}", process::id());
    loop {
        let value = queue.get()?;
        say!("Get {value} from queue.");
        queue.task_done()?;
    }
}
// ANCHOR_END: recipe
