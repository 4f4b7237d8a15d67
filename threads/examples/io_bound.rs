//! Fifty tasks that wait: one after another, and a thread for each.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p threads --example io_bound
//! 50 tasks, each waits 20 ms for an answer
//! way                    seconds   CPU seconds
//! one after another         1.00          0.00
//! a thread for each         0.02          0.00
//! ```
//!
//! The notes: with tasks that wait, the more the better, up to a limit. What to
//! notice: the CPU seconds. There is hardly any work, only waiting, and fifty
//! tasks can wait at the same time, even on a single core, even under Python's
//! global lock. For tasks that compute, see `multicore`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use common::{program, say};
use multiproc::thread::Builder;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const TASKS: usize = 50;
/// Stands for the answer of a disk or of another machine.
const ANSWER: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    program::example("Compares waiting in turn with waiting in threads", || {
        say!(
            "{TASKS} tasks, each waits {} ms for an answer",
            ANSWER.as_millis()
        );
        say!("{:<20} {:>9} {:>13}", "way", "seconds", "CPU seconds");
        measure("one after another", || {
            (0..TASKS).for_each(|_| wait_for_answer());
            Ok(())
        })?;
        measure("a thread for each", || {
            thread::scope(|scope| {
                for _ in 0..TASKS {
                    Builder::new().spawn_scoped(scope, wait_for_answer)?;
                }
                Ok(())
            })
        })
    })
}

fn wait_for_answer() {
    thread::sleep(ANSWER);
}

fn measure(way: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    work()?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    say!("{way:<20} {wall:>9.2} {cpu:>13.2}");
    Ok(())
}

/// What this process has used, in its own code and in the kernel (getrusage(2)).
fn cpu_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
}
