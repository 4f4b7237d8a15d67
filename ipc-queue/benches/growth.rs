//! How the queue's cost and its memory grow with the number of items and with their
//! size: `cargo bench -p ipc-queue --bench growth`. Each point
//! is measured in a fresh process.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;

use common::measure::{Growth, Unit, flow, most_memory};
use multiproc::queue::process::{DEFAULT_BYTES, DEFAULT_ITEMS, Queue};

const PYTHON: &str = r#"
import multiprocessing, resource, sys, time
what, n = sys.argv[1], int(sys.argv[2])
sized = what.startswith("size")
size, count = (n, max(8, min(20000, (64 << 20) // n))) if sized else (8, n)
item = b"7" * size if sized else 7
def produce(q):
    for i in range(count + 1):
        q.put(item)
if __name__ == "__main__":
    q = multiprocessing.get_context("fork").Queue(8 if sized else 30000)
    p = multiprocessing.get_context("fork").Process(target=produce, args=(q,))
    p.start()
    q.get()
    start = time.perf_counter()
    for i in range(count):
        q.get()
    seconds = time.perf_counter() - start
    p.join()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print({"items": seconds, "size": size * count / seconds}.get(what, memory))
"#;

/// CPython takes ten seconds for a million.
const MOST_FOR_PYTHON: u64 = 100_000;

fn main() {
    let growth = Growth::new(PYTHON, MOST_FOR_PYTHON);
    if growth.is_point(point) {
        return;
    }
    let items = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    let title = "items through a process queue";
    growth.curve("items", title, "items", Unit::Seconds, &items);
    let title = "the most memory that the queue's reader had";
    growth.curve("memory", title, "items", Unit::Bytes, &items);
    // 8 bytes to 64 MiB.
    let sizes: Vec<u64> = (3..27).step_by(3).chain([26]).map(|n| 1 << n).collect();
    let title = "bytes through a process queue";
    let axis = "bytes in each item";
    let growth = Growth::new(PYTHON, u64::MAX);
    growth.curve("size", title, axis, Unit::BytesPerSecond, &sizes);
    let title = "the most memory that the reader of large items had";
    growth.curve("size's memory", title, axis, Unit::Bytes, &sizes[4..]);
}

fn point(what: &str, number: u64) -> f64 {
    let number = usize::try_from(number).unwrap();
    if what.starts_with("size") {
        let bytes = DEFAULT_BYTES.max(3 * number + 4096);
        let queue: Queue<Vec<u8>> = Queue::with_capacity(DEFAULT_ITEMS, bytes).unwrap();
        let (item, count) = (vec![7; number], ((256 << 20) / number).clamp(8, 200_000));
        let get = || drop(black_box(queue.get().unwrap()));
        let rate = flow(number, count, || queue.put(&item).unwrap(), get);
        return match what {
            "size" => rate,
            _ => most_memory(),
        };
    }
    let queue: Queue<u64> = Queue::new().unwrap();
    let get = || assert_eq!(queue.get().unwrap(), 7);
    let rate = flow(1, number, || queue.put(&7).unwrap(), get);
    match what {
        "items" => number as f64 / rate,
        _ => most_memory(),
    }
}
