//! The same work cut into 1, 10, 100, 1,000 and 10,000 threads: where switching
//! begins to eat the time.
//!
//! <!-- not run: a system may not allow as many -->
//! ```text
//! $ cargo run -q --release -p threads --example too_many_tasks
//! 20000 slices of the same work, each thread turns to the next after a slice
//! threads   start ms    work ms     CPU ms   switches
//!       1        0.0       12.8       11.8          7
//!      10        0.2       20.5       21.8      18002
//!     100        1.4       27.2       26.9      19803
//!    1000       23.3       73.8       70.8      20369
//!   10000      286.5      260.0      260.5      34651
//! ```
//!
//! The notes' homework: doing five subjects in turn, a minute each, is no faster,
//! and the desk must be cleared at every turn. What to notice: from the second
//! line on, the work and the number of switches stay the same, but the CPU time
//! grows twelvefold. The caches hold ten books but not ten thousand, and each
//! thread must be started and ended. If the system allows no more threads, the
//! line says so.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::RwLock;
use std::thread;
use std::time::Instant;

use common::{program, say};
use multiproc::thread::Builder;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const SLICES: usize = 20_000;
/// Each thread has a book of its own, 4 KiB: what a switch pushes out of the
/// caches.
const NUMBERS: usize = 512;
/// Ten thousand stacks of the usual 2 MiB take 20 GB of address space; these
/// tasks need next to nothing.
const STACK: usize = 64 << 10;

fn main() -> ExitCode {
    program::example("Cuts the same work into more and more threads", || {
        say!("{SLICES} slices of the same work, each thread turns to the next after a slice");
        say!(
            "{:>7} {:>10} {:>10} {:>10} {:>10}",
            "threads",
            "start ms",
            "work ms",
            "CPU ms",
            "switches"
        );
        for threads in [1, 10, 100, 1_000, 10_000] {
            measure(threads)?;
        }
        Ok(())
    })
}

fn measure(threads: usize) -> anyhow::Result<()> {
    let gate = RwLock::new(());
    let start = Instant::now();
    let started = thread::scope(|scope| -> anyhow::Result<_> {
        // All threads are there before the first begins. When this scope is
        // left early, the gate opens and those that were started end.
        let closed = gate.write().expect("nobody panics");
        for number in 0..threads {
            let builder = Builder::new().stack_size(STACK);
            let task = || do_homework(&gate, SLICES / threads);
            if let Err(error) = builder.spawn_scoped(scope, task) {
                say!("{threads:>7} cannot start more than {number}: {error}");
                return Ok(None);
            }
        }
        let started = (
            start.elapsed(),
            Instant::now(),
            getrusage(UsageWho::RUSAGE_SELF)?,
        );
        drop(closed);
        Ok(Some(started))
    })?;
    let Some((starting, begun, before)) = started else {
        return Ok(());
    };
    let work = begun.elapsed().as_secs_f64() * 1e3;
    let after = getrusage(UsageWho::RUSAGE_SELF)?;
    let (cpu, switches) = (
        cpu_ms(&after) - cpu_ms(&before),
        switches(&after) - switches(&before),
    );
    let starting = starting.as_secs_f64() * 1e3;
    say!("{threads:>7} {starting:>10.1} {work:>10.1} {cpu:>10.1} {switches:>10}");
    Ok(())
}

fn do_homework(gate: &RwLock<()>, slices: usize) {
    let mut book = vec![1_u64; NUMBERS];
    drop(gate.read());
    for _ in 0..slices {
        for number in &mut book {
            *number = black_box(number.wrapping_mul(31).wrapping_add(7));
        }
        thread::yield_now();
    }
}

fn cpu_ms(usage: &Usage) -> f64 {
    (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e3
}

fn switches(usage: &Usage) -> i64 {
    usage.voluntary_context_switches() + usage.involuntary_context_switches()
}
