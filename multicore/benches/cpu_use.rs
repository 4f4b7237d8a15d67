//! The share of the usable cores that is used, by threads, by processes and by
//! Python's threads. The aim: at least 95 % on an idle machine.
//!
//! ```text
//! cargo bench -p multicore
//! ```
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use common::measure::{Comparison, Unit};
use multicore::{Cores, Live, Summary, processes, python, threads};
use multiproc::queue::thread::Queue;

fn main() {
    let cores = Cores::of_this_process().expect("the number of cores");
    let live = Live::new(Duration::from_secs(1), Arc::new(Queue::new(1))).silent();
    let share = |summary: Summary| summary.cores_used() / cores.usable();
    Comparison::new(format!("Share of {cores} in use"), Unit::Share)
        .rounds(3)
        .candidate("threads", || {
            threads::run(cores.count(), &live).ok().map(share)
        })
        .candidate("processes", || {
            // The threads of the round before are joined: forking is safe.
            let processes = processes::start(cores.count()).ok()?;
            processes.run(&live).ok().map(share)
        })
        .candidate("Python's threads", || {
            python::run(cores.count(), &live).ok().map(share)
        })
        .run();
}
