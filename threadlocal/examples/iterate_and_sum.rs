//! Per-thread counters, added up at the end: what Python's `threading.local`
//! cannot do.
//!
//! ```text
//! $ cargo run -q -p threadlocal --example iterate_and_sum
//! 4 threads counted 250000 each
//! together: 1000000
//! ```
//!
//! What to notice: while they count, the threads have nothing in common, no
//! lock and no atomic, so none ever waits for another. Adding up takes the
//! object itself (`into_iter`), so the compiler knows that no thread uses it
//! any more.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::process::ExitCode;
use std::thread;

use anyhow::ensure;
use common::{program, say};
use multiproc::thread::Builder;
use thread_local::ThreadLocal;

const THREADS: usize = 4;
const ROUNDS: u64 = 250_000;

fn main() -> ExitCode {
    program::example("Counts in several threads, adds up at the end", || {
        let counters: ThreadLocal<Cell<u64>> = ThreadLocal::new();
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for _ in 0..THREADS {
                threads.push(Builder::new().spawn_scoped(scope, || count(&counters))?);
            }
            let counts = threads.into_iter().map(|thread| thread.join());
            let counts: Result<Vec<u64>, _> = counts.collect();
            ensure!(counts.is_ok_and(|counts| counts == [ROUNDS; THREADS]));
            say!("{THREADS} threads counted {ROUNDS} each");
            Ok(())
        })?;
        let sum: u64 = counters.into_iter().map(Cell::into_inner).sum();
        say!("together: {sum}");
        Ok(())
    })
}

/// Gives how far the calling thread counted.
fn count(counters: &ThreadLocal<Cell<u64>>) -> u64 {
    // Looked up once, not in each round. A thread may get the counter of one
    // that has ended, and goes on from there: for a sum that is just as good.
    let counter = counters.get_or_default();
    let before = counter.get();
    for _ in 0..ROUNDS {
        counter.set(counter.get() + 1);
    }
    counter.get() - before
}
