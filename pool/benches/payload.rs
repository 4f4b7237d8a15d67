//! What tasks return, from two workers; beside it CPython's fastest form.
//! `cargo bench -p pool --bench payload`, with a part of a row's name to measure
//! only those.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;

use common::measure::payload::{Item, Payload, Through};
use common::measure::seconds;
use multiproc::pool::PoolBuilder;

const PYTHON: &str = r#"
def task(n):
    return item
if __name__ == "__main__":
    pool = multiprocessing.get_context("fork").Pool(2)
    pool.apply(task, (0,))
    start = time.perf_counter()
    for result in pool.imap(task, range(count)):
        pass
    print(count * size / (time.perf_counter() - start))
    pool.terminate()
"#;

fn main() {
    Payload::new("a pool's results", 256 << 20, PYTHON).run(&ThroughPool);
}

struct ThroughPool;

impl Through for ThroughPool {
    fn send<T: Item>(&self, item: &T, size: usize, count: usize) -> f64 {
        let item = item.clone();
        let pool = PoolBuilder::new()
            .workers(2)
            .largest_message((4 << 20).max(3 * size + 4096))
            .build(move |_: u32| item.clone())
            .unwrap();
        pool.apply(0).unwrap();
        let tasks = u32::try_from(count).unwrap();
        let time = seconds(|| {
            for result in pool.imap(0..tasks, 1) {
                black_box(result.unwrap());
            }
        });
        pool.close().join().unwrap();
        (count * size) as f64 / time
    }
}
