//! One busy thread for each core, and the CPU use of this process meanwhile.
//!
//! ```text
//! cargo run -p multicore
//! cargo run -p multicore -- --python
//! ```
//!
//! Python: `threading.Thread(target=loop)`, `multiprocessing.cpu_count()` times,
//! with a loop that never ends. What to notice: here N threads use N cores.
//! Python's threads share one, however many there are: only the thread that has
//! the interpreter's global lock runs.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use common::{program, say};
use multicore::{Cores, Live, Summary, processes, python, threads};
use multiproc::queue::thread::Queue;

/// Keeps all cores busy and shows how busy they are.
#[derive(Parser)]
#[command(name = "multicore", after_help = EXAMPLES)]
struct Options {
    /// The number of threads; as many as there are cores to use by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    threads: Option<u32>,
    /// For how long, in seconds; Ctrl-C ends it sooner
    #[arg(long, default_value = "5", value_parser = program::seconds)]
    seconds: Duration,
    /// Use processes in place of threads
    #[arg(long)]
    processes: bool,
    /// Run the same loop in Python's threads first, for comparison
    #[arg(long)]
    python: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p multicore -- --threads 1 --seconds 1
  cargo run -p multicore -- --processes --seconds 1";

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        let cores = Cores::of_this_process()?;
        let count = options.threads.unwrap_or(cores.count());
        let stop = Arc::new(Queue::new(1));
        let live = Live::new(options.seconds, Arc::clone(&stop));
        // Before the handler: it runs in a thread, and these fork.
        let forked = options.processes.then(|| processes::start(count));
        let forked = forked.transpose()?;
        let handler = Arc::clone(&stop);
        ctrlc::set_handler(move || handler.close()).context("cannot catch Ctrl-C")?;

        let mut summaries: Vec<(&str, Summary)> = Vec::new();
        if options.python {
            summaries.push(("Python's threads", python::run(count, &live)?));
        }
        if let Some(processes) = forked {
            summaries.push(("processes", processes.run(&live)?));
        } else {
            summaries.push(("threads", threads::run(count, &live)?));
        }
        for (what, summary) in summaries {
            say!("{}", summary.describe(what, &cores));
        }
        if stop.is_closed() {
            // The status of a program that Ctrl-C has ended.
            Err(program::Exit::new(130, ""))?;
        }
        Ok(())
    })
}
// ANCHOR_END: recipe
