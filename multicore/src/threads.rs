//! Busy threads of this process.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use multiproc::thread::Builder;
use nix::sys::resource::UsageWho;

use crate::summary::cpu_time;
use crate::{Live, Summary};

/// Enough for a loop that needs nothing, so that thousands can be started.
const STACK: usize = 64 << 10;

/// Runs `count` busy threads until `live` says that it is time.
pub fn run(count: u32, live: &Live) -> Result<Summary> {
    let stop = AtomicBool::new(false);
    let (start, before) = (Instant::now(), cpu_time(UsageWho::RUSAGE_SELF)?);
    thread::scope(|scope| {
        // On every path: the scope waits for its threads.
        let stop_at_end = StopAtEnd(&stop);
        let spawn = |number| {
            let builder = Builder::new().stack_size(STACK);
            let spawned = builder.spawn_scoped(scope, || be_busy(&stop));
            spawned.with_context(|| format!("cannot start thread {number}"))
        };
        let threads = (1..=count).map(spawn).collect::<Result<Vec<_>>>()?;
        live.watch("threads", || Ok(cpu_time(UsageWho::RUSAGE_SELF)?))?;
        drop(stop_at_end);
        for thread in threads {
            // The scope waits for their closures, not for their very ends, and
            // a fork soon after would find them still there.
            let _ = thread.join();
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(Summary {
        threads: count,
        wall: start.elapsed(),
        cpu: cpu_time(UsageWho::RUSAGE_SELF)?.saturating_sub(before),
    })
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

// ANCHOR: be_busy
/// The notes' loop, `x = x ^ 1`, until `stop`.
pub(crate) fn be_busy(stop: &AtomicBool) {
    let mut x = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..10_000 {
            x = black_box(x ^ 1);
        }
    }
}
// ANCHOR_END: be_busy
