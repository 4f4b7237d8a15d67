//! The recipe's lock beside `std::sync::Mutex` alone, and beside CPython's
//! `threading.Lock`. The aim: within 10 % of the former.
//!
//! ```text
//! cargo bench -p lock
//! ```
#![forbid(unsafe_code)]

use std::sync::Mutex;
use std::thread;

use common::measure::{Comparison, Unit, python, seconds};
use lock::{Balance, WithLock, WithoutLock, run_threads};

const ROUNDS: u64 = 2_000_000;

fn main() {
    Comparison::new("Rounds of one thread", Unit::PerSecond)
        .rounds(9)
        .candidate("WithLock", || {
            let balance = WithLock::default();
            Some(one_thread(|round| balance.change_it(5, round)))
        })
        .candidate("std::sync::Mutex alone", || {
            let balance = Mutex::new(0_i64);
            Some(one_thread(|_| {
                let mut balance = balance.lock().expect("nobody panics");
                *balance += 5;
                *balance -= 5;
            }))
        })
        .candidate("Python's threading.Lock", || {
            python(PYTHON, &["200000", "1"])
        })
        .run();
    Comparison::new("Rounds of two threads together", Unit::PerSecond)
        .rounds(9)
        .candidate("WithLock", || Some(two_threads::<WithLock>()))
        .candidate("std::sync::Mutex alone", || Some(two_threads_bare()))
        .candidate("WithoutLock (and wrong)", || {
            Some(two_threads::<WithoutLock>())
        })
        .candidate("Python's threading.Lock", || {
            python(PYTHON, &["200000", "2"])
        })
        .run();
}

fn one_thread(round: impl FnMut(u64)) -> f64 {
    ROUNDS as f64 / seconds(|| (0..ROUNDS).for_each(round))
}

fn two_threads<B: Balance>() -> f64 {
    let time = seconds(|| {
        run_threads::<B>(&[5, 8], ROUNDS).expect("two threads");
    });
    2.0 * ROUNDS as f64 / time
}

fn two_threads_bare() -> f64 {
    let balance = Mutex::new(0_i64);
    let (balance, start) = (&balance, &std::sync::Barrier::new(2));
    let time = seconds(|| {
        thread::scope(|scope| {
            for amount in [5, 8] {
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..ROUNDS {
                        let mut balance = balance.lock().expect("nobody panics");
                        *balance += amount;
                        *balance -= amount;
                    }
                });
            }
        });
    });
    2.0 * ROUNDS as f64 / time
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
