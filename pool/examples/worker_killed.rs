//! A worker is killed in the middle of a task, and the pool goes on.
//!
//! ```text
//! $ cargo run -q -p pool --example worker_killed
//! task 0: done
//! task 1: done
//! task 2: task 2 was lost: process 'pool-worker' (4715) was killed by SIGKILL
//! task 3: done
//! task 4: done
//! with a retry: task 2 is done, too
//! ```
//!
//! Python: `Pool.map` never returns here. What to notice: the error names the
//! task, the process and the signal; the other tasks are not affected. Only a task
//! that may be done twice can be tried again, since nobody knows how far it got.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Error;
use common::{program, say};
use multiproc::pool::{Pool, PoolBuilder};
use multiproc::shared::Shared;
use nix::sys::signal::{Signal, raise};

// ANCHOR: main
fn main() -> ExitCode {
    program::example("Kills a worker in the middle of a task", || {
        let pool = Pool::new(2, |task: u32| if task == 2 { be_killed() } else { Ok(()) })?;
        let results: Vec<_> = (0..5).map(|task| pool.apply_async(task)).collect();
        for (task, result) in results.into_iter().enumerate() {
            match result.get() {
                Ok(_) => say!("task {task}: done"),
                Err(error) => say!("task {task}: {:#}", Error::from(error)),
            }
        }
        // Its threads forbid the next pool's fork.
        pool.close().join()?;

        let killed = Shared::new(AtomicBool::new(false))?;
        let pool = PoolBuilder::new()
            .workers(2)
            .retries(1)
            .build(|_task: u32| {
                let first = !killed.swap(true, Ordering::SeqCst);
                if first { be_killed() } else { Ok(()) }
            })?;
        let outcome = pool.apply(2)?;
        say!(
            "with a retry: task 2 is {}",
            if outcome.is_ok() {
                "done, too"
            } else {
                "not done"
            }
        );
        Ok(pool.close().join()?)
    })
}

/// As the kernel does when memory runs out.
fn be_killed() -> Result<(), String> {
    raise(Signal::SIGKILL).map_err(|error| error.to_string())
}
// ANCHOR_END: main
