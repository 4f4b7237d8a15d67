//! Reading a thread-local variable: the crate's object, the standard library's
//! macro, a lock for comparison, and CPython's `threading.local`.
//!
//! ```text
//! cargo bench -p threadlocal
//! ```
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Mutex;

use common::measure::{Comparison, Unit, python, seconds};
use thread_local::ThreadLocal;

const ROUNDS: u64 = 20_000_000;

static OBJECT: ThreadLocal<Cell<u64>> = ThreadLocal::new();
static LOCKED: Mutex<u64> = Mutex::new(0);
thread_local! {
    static CONST: Cell<u64> = const { Cell::new(0) };
    // A box cannot be made before the program runs.
    static LAZY: Box<Cell<u64>> = Box::default();
}

fn main() {
    Comparison::new("a thread-local value: read and written", Unit::PerSecond)
        .candidate("ThreadLocal::get_or_default", || {
            Some(rate(|| add(OBJECT.get_or_default())))
        })
        .candidate("thread_local!, const", || Some(rate(|| CONST.with(add))))
        .candidate("thread_local!, made at first use", || {
            Some(rate(|| LAZY.with(|cell| add(cell))))
        })
        .candidate("a Mutex that nobody else wants", || {
            Some(rate(|| *LOCKED.lock().expect("nobody panics") += 1))
        })
        .candidate("Python's threading.local", || python(PYTHON, &["1000000"]))
        .run();
}

fn add(cell: &Cell<u64>) {
    cell.set(black_box(cell.get()) + 1);
}

fn rate(mut round: impl FnMut()) -> f64 {
    ROUNDS as f64 / seconds(|| (0..ROUNDS).for_each(|_| round()))
}

const PYTHON: &str = "
import sys, threading, time
rounds = int(sys.argv[1])
local = threading.local()
local.n = 0
start = time.perf_counter()
for _ in range(rounds):
    local.n += 1
print(rounds / (time.perf_counter() - start))
";
