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
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::{program, say};
use multicore::{Cores, Meter, Summary, be_busy};
use multiproc::thread::Builder;

const RUN: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    program::example(
        "Compares a hundred busy threads with one for each core",
        || {
            let cores = Cores::of_this_process()?;
            for count in [cores.count(), 100] {
                say!("{}", run(count)?.describe("threads", &cores));
            }
            Ok(())
        },
    )
}

fn run(count: u32) -> anyhow::Result<Summary> {
    let meter = Meter::of_this_process()?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let start = |_| {
            Builder::new()
                .spawn_scoped(scope, || be_busy(&stop))
                .map(drop)
        };
        let started = (0..count).try_for_each(start);
        if started.is_ok() {
            thread::sleep(RUN);
        }
        // On errors too: the scope waits for its threads.
        stop.store(true, Ordering::Relaxed);
        started
    })?;
    Ok(meter.stop(count)?)
}
