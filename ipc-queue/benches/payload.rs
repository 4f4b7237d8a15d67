//! What people send, through the process queue; beside it the same bytes through
//! the bare ring (one copy in, one out, no codec) and CPython's fastest form.
//! `cargo bench -p ipc-queue --bench payload`, with a part of a row's name to
//! measure only those.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;

use common::measure::flow;
use common::measure::payload::{Item, Payload, Through};
use multiproc::deadline::Deadline;
use multiproc::queue::process::{DEFAULT_BYTES, DEFAULT_ITEMS, Queue, Ring};

const PYTHON: &str = r#"
def produce(q):
    for i in range(count + 1):
        q.put(item)
if __name__ == "__main__":
    q = multiprocessing.get_context("fork").Queue(8)
    p = multiprocessing.get_context("fork").Process(target=produce, args=(q,))
    p.start()
    q.get()
    start = time.perf_counter()
    for i in range(count):
        q.get()
    print(count * size / (time.perf_counter() - start))
    p.join()
"#;

fn main() {
    Payload::new("a process queue", 512 << 20, PYTHON)
        .limit("memcpy in, memcpy out", ring)
        .run(&ThroughQueue);
}

struct ThroughQueue;

impl Through for ThroughQueue {
    fn send<T: Item>(&self, make: impl Fn() -> T, size: usize, count: usize) -> f64 {
        let item = make();
        let queue: Queue<T> = Queue::with_capacity(DEFAULT_ITEMS, room(size)).unwrap();
        let get = || drop(black_box(queue.get().unwrap()));
        flow(size, count, || queue.put(&item).unwrap(), get)
    }
}

/// Room for several of them.
fn room(size: usize) -> usize {
    DEFAULT_BYTES.max(3 * size + 4096)
}

fn ring(size: usize, count: usize) -> f64 {
    let ring = Ring::new(DEFAULT_ITEMS, room(size), 0).unwrap();
    let bytes = vec![7; size];
    let mut got = Vec::new();
    flow(
        size,
        count,
        || ring.put(&bytes, Deadline::NEVER).unwrap(),
        || ring.get(black_box(&mut got), Deadline::NEVER).unwrap(),
    )
}
