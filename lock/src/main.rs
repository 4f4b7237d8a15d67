//! Two threads change one balance, a hundred thousand times each, under a lock.
//!
//! ```text
//! cargo run -p lock
//! cargo run -p lock -- --without-lock
//! ```
//!
//! Python: `threading.Lock`, `lock.acquire()`, `try` … `finally`,
//! `lock.release()`. What to notice: with the lock the balance is always 0;
//! without it updates are lost, and the balance is different each time. The
//! compiler does not let two threads change a plain variable: the run without a
//! lock has to go out of its way to do it.
#![forbid(unsafe_code)]

mod options;
mod start;

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use common::{program, say};

use options::Options;
use start::{give_way, run_threads};

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        if options.without_lock {
            let balance = AtomicI64::new(0);
            run_threads(&options, |n, rounds| without_lock(&balance, n, rounds))?;
            say!("{}", balance.load(Relaxed));
            match balance.load(Relaxed) {
                0 => say!("This time the balance is right. Nothing made sure that it would be."),
                _ => {
                    say!("The balance should be 0: updates were lost between a load and its store.")
                }
            }
        } else {
            let balance = Mutex::new(0);
            run_threads(&options, |n, rounds| with_lock(&balance, n, rounds))?;
            say!("{}", balance.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(())
    })
}

/// One thread at a time: each change happens as a whole.
fn with_lock(balance: &Mutex<i64>, n: i64, rounds: u64) {
    for _ in 0..rounds {
        let mut balance = balance.lock().unwrap_or_else(PoisonError::into_inner);
        *balance += n;
        *balance -= n;
        // The lock is released here, and on every other path out of the block:
        // what Python needs `try` and `finally` for.
    }
}

/// All threads at once, as Python's `balance = balance + n`: a load and a store.
/// Another thread may store between the two, and its update is lost.
///
/// With plain variables this would be a data race, after which anything may happen
/// in Rust and C. With relaxed atomics each load and each store is whole.
fn without_lock(balance: &AtomicI64, n: i64, rounds: u64) {
    for round in 0..rounds {
        let found = balance.load(Relaxed);
        give_way(round);
        balance.store(found + n, Relaxed);
        give_way(round);
        let found = balance.load(Relaxed);
        balance.store(found - n, Relaxed);
    }
}
// ANCHOR_END: recipe
