//! One after the other, or all at once: `apply` waits, `apply_async` does not.
//!
//! ```text
//! $ cargo run -q -p pool --example apply_or_apply_async
//! apply: at most 1 task at a time
//! apply_async: at most 3 tasks at a time
//! ```
//!
//! Python: `pool.apply(f, (x,))`, `pool.apply_async(f, (x,))`. What to notice:
//! a loop of `apply` keeps one worker busy and the others idle.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{program, say};
use multiproc::pool::Pool;
use multiproc::shared::Shared;
use multiproc::shared_struct;

shared_struct! {
    /// Tasks count each other.
    struct Running {
        now: AtomicU32,
        most: AtomicU32,
    }
}

fn main() -> ExitCode {
    program::example("Compares apply and apply_async", || {
        let running = Shared::new(Running {
            now: AtomicU32::new(0),
            most: AtomicU32::new(0),
        })?;
        let pool = Pool::new(3, |_task: u32| {
            let Running { now, most } = &*running;
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The work: looking for company, for a while.
            let start = Instant::now();
            while most.load(Ordering::SeqCst) < 3 && start.elapsed() < Duration::from_millis(300) {
                thread::yield_now();
            }
            now.fetch_sub(1, Ordering::SeqCst);
        })?;

        for task in 0..3 {
            pool.apply(task)?;
        }
        let most = running.most.swap(0, Ordering::SeqCst);
        say!("apply: at most {most} task at a time");

        let results: Vec<_> = (0..3).map(|task| pool.apply_async(task)).collect();
        for result in results {
            result.get()?;
        }
        let most = running.most.swap(0, Ordering::SeqCst);
        say!("apply_async: at most {most} tasks at a time");
        Ok(pool.close().join()?)
    })
}
