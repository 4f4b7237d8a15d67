//! What tasks return, and what they get, with two workers; beside it CPython's
//! fastest form. `cargo bench -p pool --bench payload`, with a part of a row's
//! name to measure only those.
//!
//! On both sides a task makes what it returns, and the program makes each
//! argument: a new vector for each task. The first quarter does not count.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;

use common::measure::payload::{Item, Payload, Through};
use common::measure::seconds;
use multiproc::pool::{Pool, PoolBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

const RESULTS: &str = r#"
def task(n):
    return make()
if __name__ == "__main__":
    pool = multiprocessing.get_context("fork").Pool(2)
    for result in pool.imap(task, range(count // 4)):
        pass
    start = time.perf_counter()
    for result in pool.imap(task, range(count)):
        pass
    print(count * size / (time.perf_counter() - start))
    pool.terminate()
"#;

const ARGUMENTS: &str = r#"
def task(item):
    pass
if __name__ == "__main__":
    pool = multiprocessing.get_context("fork").Pool(2)
    for result in pool.imap(task, (make() for n in range(count // 4))):
        pass
    start = time.perf_counter()
    for result in pool.imap(task, (make() for n in range(count))):
        pass
    print(count * size / (time.perf_counter() - start))
    pool.terminate()
"#;

/// Bytes in a round.
const ROUND: usize = 512 << 20;

fn main() {
    Payload::new("a pool's results", ROUND, RESULTS).run(&Results);
    Payload::new("a pool's arguments", ROUND, ARGUMENTS).run(&Arguments);
}

struct Results;

impl Through for Results {
    fn send<T: Item>(
        &self,
        make: impl Fn() -> T + Copy + 'static,
        size: usize,
        count: usize,
    ) -> f64 {
        let pool = builder(size).build(move |_: u32| make()).unwrap();
        measure(pool, size, count, || 0)
    }
}

struct Arguments;

impl Through for Arguments {
    fn send<T: Item>(
        &self,
        make: impl Fn() -> T + Copy + 'static,
        size: usize,
        count: usize,
    ) -> f64 {
        let pool = builder(size).build(|item: T| drop(black_box(item)));
        measure(pool.unwrap(), size, count, make)
    }
}

fn builder(size: usize) -> PoolBuilder<'static> {
    let largest = (4 << 20).max(3 * size + 4096);
    PoolBuilder::new().workers(2).largest_message(largest)
}

/// Runs tasks with the arguments that `make` makes: bytes a second.
fn measure<A, R>(pool: Pool<A, R>, size: usize, count: usize, make: impl Fn() -> A) -> f64
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    let run = |count| {
        for result in pool.imap((0..count).map(|_| make()), 1) {
            black_box(result.unwrap());
        }
    };
    run(count / 4);
    let time = seconds(|| run(count));
    pool.close().join().unwrap();
    (count * size) as f64 / time
}
