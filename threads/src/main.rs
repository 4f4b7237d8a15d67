//! A thread that counts to five, and the main thread that waits for it.
//!
//! ```text
//! cargo run -p threads
//! ```
//!
//! Python: `threading.Thread(target=loop, name='LoopThread')`, `start`, `join`,
//! and `threading.current_thread().name` wherever a name is printed. What to
//! notice: the main thread has a name too, and its last line comes after all lines
//! of the other, because it joins.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use common::{program, say};
use multiproc::thread::{Thread, current_name};

/// Runs a function in a thread with a name and waits for its end.
#[derive(Parser)]
#[command(name = "threads", after_help = EXAMPLES)]
struct Options {
    /// The name of the thread
    #[arg(long, default_value = "LoopThread")]
    name: String,
    /// How far it counts
    #[arg(long, default_value_t = 5)]
    count: u64,
    /// The pause after each number, in seconds
    #[arg(long, default_value = "1", value_parser = program::seconds)]
    pause: Duration,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p threads -- --pause 0.2
  cargo run -p threads -- --name Counter --count 100 --pause 0.01";

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        say!("thread {} is running...", current_name());
        let Options { name, count, pause } = options;
        let thread = Thread::named(name, move || run_loop(count, pause))?;
        thread.join()?;
        say!("thread {} ended.", current_name());
        Ok(())
    })
}

fn run_loop(count: u64, pause: Duration) {
    say!("thread {} is running...", current_name());
    for n in 1..=count {
        // With the space at the end that Python 2's `print` leaves.
        say!("thread {} >>> {n} ", current_name());
        std::thread::sleep(pause);
    }
    say!("thread {} ended.", current_name());
}
// ANCHOR_END: recipe
