//! The share of the usable cores that is used, by processes and by Python's
//! threads, and by threads. The aim: at least 95 % on an idle machine.
//!
//! ```text
//! cargo bench -p multicore
//! ```
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::measure::{Comparison, Unit};
use multicore::{Cores, Live, Meter, Summary, be_busy, processes, python};

const RUN: Duration = Duration::from_secs(1);

fn main() {
    let cores = Cores::of_this_process().expect("the number of cores");
    let live = Live::new(RUN, Arc::default()).silent();
    let share = |summary: Summary| summary.cores_used() / cores.usable();
    Comparison::new(format!("share of {cores} in use"), Unit::Share)
        .rounds(3)
        .candidate("threads", || Some(share(threads(cores.count()))))
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

fn threads(count: u32) -> Summary {
    let meter = Meter::of_this_process().expect("getrusage");
    let stop = Arc::new(AtomicBool::new(false));
    let start = |_| {
        let stop = Arc::clone(&stop);
        thread::spawn(move || be_busy(&stop))
    };
    let threads: Vec<_> = (0..count).map(start).collect();
    thread::sleep(RUN);
    stop.store(true, Ordering::Relaxed);
    // To their very ends: a process that still has threads does not fork.
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("no panic"));
    meter.stop(count).expect("getrusage")
}
