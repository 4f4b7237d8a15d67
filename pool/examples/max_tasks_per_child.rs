//! Workers that are replaced by fresh ones: the cure for tasks that leak.
//!
//! ```text
//! $ cargo run -q -p pool --example max_tasks_per_child
//! 9 tasks, at most 3 in a process: done by 3 processes, one after the other
//! ```
//!
//! Python: `Pool(1, maxtasksperchild=3)`. What to notice: whatever a process
//! has leaked, memory or descriptors, the kernel takes back at its end. The
//! price is a fork for every few tasks.
#![forbid(unsafe_code)]

use std::process::{self, ExitCode};

use common::{program, say};
use multiproc::pool::PoolBuilder;

fn main() -> ExitCode {
    program::example("Replaces workers after a few tasks", || {
        let pool = PoolBuilder::new()
            .workers(1)
            .max_tasks_per_child(3)
            .build(leak)?;
        let mut pids = pool.map(0..9, Some(1))?;
        pool.close().join()?;
        pids.dedup();
        say!(
            "9 tasks, at most 3 in a process: done by {} processes, one after the other",
            pids.len()
        );
        Ok(())
    })
}

fn leak(_task: u32) -> u32 {
    std::mem::forget(vec![1_u8; 1 << 20]);
    process::id()
}
