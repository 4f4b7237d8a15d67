//! Where adding threads stops helping, for work that computes and for work
//! that waits.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q --release -p multicore --example cpu_bound_or_io_bound
//! 64 tasks of either kind, milliseconds for all of them
//! threads   computing    waiting
//!       1       160.3      326.4
//!       2        80.4      163.4
//!       4        80.9       82.0
//!       8        81.2       41.1
//! ```
//!
//! The notes: as many tasks as cores for what computes, as many as possible for
//! what waits. What to notice: the second column stops falling at the number of
//! cores, the third goes on: a thread that waits leaves its core to another.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use common::{program, say};
use multicore::Cores;
use multiproc::queue::thread::Queue;
use multiproc::thread::Builder;

const TASKS: u32 = 64;

fn main() -> ExitCode {
    program::example("Compares work that computes with work that waits", || {
        say!("{TASKS} tasks of either kind, milliseconds for all of them");
        say!("threads   computing    waiting");
        let cores = Cores::of_this_process()?.count();
        let mut counts = vec![1, cores, 2 * cores, 4 * cores];
        // On a single core the first two are the same.
        counts.dedup();
        for threads in counts {
            say!(
                "{threads:>7} {:>11.1} {:>10.1}",
                pool(threads, compute)?,
                pool(threads, wait)?
            );
        }
        Ok(())
    })
}

fn compute() {
    let mut x = 1_u64;
    for _ in 0..1_000_000 {
        x = black_box(x.wrapping_mul(31));
    }
}

fn wait() {
    thread::sleep(Duration::from_millis(5));
}

/// Milliseconds that `threads` threads take for all tasks.
fn pool(threads: u32, task: fn()) -> anyhow::Result<f64> {
    let tasks = Queue::new(0);
    (0..TASKS).try_for_each(|_| tasks.put(task))?;
    // Nothing more comes: a thread that finds the queue empty ends.
    tasks.close();
    let start = Instant::now();
    thread::scope(|scope| -> std::io::Result<()> {
        for _ in 0..threads {
            Builder::new().spawn_scoped(scope, || {
                while let Ok(task) = tasks.get() {
                    task();
                }
            })?;
        }
        Ok(())
    })?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
