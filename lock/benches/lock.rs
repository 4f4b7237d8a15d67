//! The recipe's rounds under `std::sync::Mutex`, beside CPython's
//! `threading.Lock`.
//!
//! ```text
//! cargo bench -p lock
//! ```
#![forbid(unsafe_code)]

use std::sync::{Barrier, Mutex};
use std::thread;

use common::measure::{Comparison, Unit, python, seconds};

const ROUNDS: u64 = 2_000_000;

fn main() {
    for (title, threads) in [
        ("a lock: taken and released by one thread", 1),
        ("a lock: taken and released by two threads", 2),
    ] {
        Comparison::new(title, Unit::PerSecond)
            .rounds(9)
            .candidate("std::sync::Mutex", || Some(run(threads)))
            .candidate("Python's threading.Lock", || {
                python(PYTHON, &["200000", &threads.to_string()])
            })
            .run();
    }
}

/// Rounds a second, of all threads together.
fn run(threads: usize) -> f64 {
    let (balance, start) = (Mutex::new(0_i64), Barrier::new(threads));
    let rounds = || {
        start.wait();
        for _ in 0..ROUNDS {
            let mut balance = balance.lock().expect("nobody panics");
            *balance += 5;
            *balance -= 5;
        }
    };
    let time = seconds(|| {
        thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(rounds))));
    });
    threads as f64 * ROUNDS as f64 / time
}

const PYTHON: &str = "
import sys, threading, time
rounds, threads = map(int, sys.argv[1:])
balance = 0
lock = threading.Lock()
def run(n):
    global balance
    for _ in range(rounds):
        with lock:
            balance = balance + n
            balance = balance - n
threads = [threading.Thread(target=run, args=(5 + 3 * i,)) for i in range(threads)]
start = time.perf_counter()
for t in threads: t.start()
for t in threads: t.join()
print(rounds * len(threads) / (time.perf_counter() - start))
";
