//! A hundred busy threads use no more of the machine than one for each core.
//!
//! <!-- not run: it names the cores of the machine -->
//! ```text
//! $ cargo run -q -p multicore --example hundred_threads
//! threads: 2
//!   wall time  1.00 s
//!   CPU time   1.99 s
//!   CPU use    199.0 % of one core, 99.5 % of the 2 cores of this machine
//! threads: 100
//!   wall time  1.03 s
//!   CPU time   2.05 s
//!   CPU use    199.0 % of one core, 99.5 % of the 2 cores of this machine
//! ```
//!
//! The notes: even a hundred threads used no more than 170 % of four cores in
//! Python. What to notice: here too a hundred get what the cores give, but
//! that is all of it.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use common::{program, say};
use multicore::{Cores, Live, threads};
use multiproc::queue::thread::Queue;

fn main() -> ExitCode {
    program::example(
        "Compares a hundred busy threads with one for each core",
        || {
            let cores = Cores::of_this_process()?;
            let live = Live::new(Duration::from_secs(1), Arc::new(Queue::new(1))).silent();
            for count in [cores.count(), 100] {
                say!(
                    "{}",
                    threads::run(count, &live)?.describe("threads", &cores)
                );
            }
            Ok(())
        },
    )
}
