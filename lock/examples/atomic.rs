//! When no lock is needed: one number, changed by single steps that cannot be
//! cut in two.
//!
//! ```text
//! $ cargo run -q -p lock --example atomic
//! a counter: 400000 of 400000
//! the largest: 399999
//! tickets: 1000 sold of 1000, nobody was refused too early
//! ```
//!
//! Python has no counterpart: `n += 1` is several steps there too, and wants a
//! lock. What to notice: an atomic keeps one number right. As soon as two
//! numbers have to agree with each other, it takes a lock. The third line is
//! the pattern for a step that the processor lacks: compute the new value from
//! the old one, and store it if nobody has changed it meanwhile.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use common::{program, say};
use multiproc::thread::Builder;

const THREADS: u64 = 4;
const ROUNDS: u64 = 100_000;
const TICKETS: u64 = 1_000;

fn main() -> ExitCode {
    program::example("Counts in several threads without a lock", || {
        let counter = AtomicU64::new(0);
        let largest = AtomicU64::new(0);
        let (left, sold) = (AtomicU64::new(TICKETS), AtomicU64::new(0));
        thread::scope(|scope| -> anyhow::Result<()> {
            for number in 0..THREADS {
                let (counter, largest, left, sold) = (&counter, &largest, &left, &sold);
                Builder::new().spawn_scoped(scope, move || {
                    for round in 0..ROUNDS {
                        // Relaxed: no other memory depends on these numbers.
                        counter.fetch_add(1, Ordering::Relaxed);
                        largest.fetch_max(number * ROUNDS + round, Ordering::Relaxed);
                    }
                    while sell(left) {
                        sold.fetch_add(1, Ordering::Relaxed);
                    }
                })?;
            }
            Ok(())
        })?;
        say!(
            "a counter: {} of {}",
            counter.into_inner(),
            THREADS * ROUNDS
        );
        say!("the largest: {}", largest.into_inner());
        let sold = sold.into_inner();
        say!("tickets: {sold} sold of {TICKETS}, nobody was refused too early");
        Ok(())
    })
}

/// Takes one of the tickets that are left, unless there is none.
fn sell(left: &AtomicU64) -> bool {
    let one_less = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
}
