//! What people send: vectors of numbers and a struct that holds them, 4 KiB to
//! 16 MiB, through the process queue; beside it the same bytes through the
//! bare ring (one copy in, one out, no codec) and CPython's fastest form.
//! `cargo bench -p ipc-queue --bench payload`, with a part of a row's name to
//! measure only those.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::env;
use std::hint::black_box;

use common::measure::{Comparison, Unit, python, seconds};
use multiproc::deadline::Deadline;
use multiproc::process::Process;
use multiproc::queue::process::{DEFAULT_BYTES, DEFAULT_ITEMS, Queue, Ring};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const SIZES: [(usize, &str); 4] = [
    (4 << 10, "4 KiB"),
    (64 << 10, "64 KiB"),
    (1 << 20, "1 MiB"),
    (16 << 20, "16 MiB"),
];

/// How much goes through in one round.
const ROUND: usize = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Frame {
    name: String,
    pixels: Vec<u8>,
    samples: Vec<f64>,
    points: Vec<[f32; 3]>,
}

const PYTHON: &str = r#"
import array, multiprocessing, sys, time
kind, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
item = {"bytes": lambda: b"7" * size, "f64": lambda: array.array("d", [7.0]) * (size // 8),
        "u32": lambda: array.array("I", [7]) * (size // 4),
        "f32": lambda: array.array("f", [7.0]) * (size // 4),
        "frame": lambda: ("frame", b"7" * (size // 3), array.array("d", [7.0]) * (size // 24),
                          array.array("f", [7.0]) * (size // 12))}[kind]()
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
    for (size, name) in SIZES {
        let floats = |count: usize| vec![7.0_f64; count];
        rows("Vec<u8>", name, size, "bytes", &vec![7_u8; size]);
        rows("Vec<u32>", name, size, "u32", &vec![7_u32; size / 4]);
        rows("Vec<f64>", name, size, "f64", &floats(size / 8));
        let points = |count| vec![[7.0_f32; 3]; count];
        rows("Vec<[f32; 3]>", name, size, "f32", &points(size / 12));
        let frame = Frame {
            name: "frame".to_string(),
            pixels: vec![7; size / 3],
            samples: floats(size / 24),
            points: points(size / 36),
        };
        rows("a struct of them", name, size, "frame", &frame);
        rows("String", name, size, "bytes", &"7".repeat(size));
    }
}

fn rows<T: Serialize + DeserializeOwned>(
    what: &str,
    name: &str,
    size: usize,
    kind: &str,
    item: &T,
) {
    let title = format!("{what} of {name}, one producer, one consumer");
    let wanted = env::args().skip(1).find(|word| !word.starts_with('-'));
    if wanted.is_some_and(|word| !title.contains(&word)) {
        return;
    }
    let count = (ROUND / size).min(100_000);
    let slow = (count / 4).max(8).to_string();
    Comparison::new(title, Unit::BytesPerSecond)
        .candidate("ours", || Some(queue(item, size, count)))
        .candidate("memcpy in, memcpy out", || Some(ring(size, count)))
        .candidate("CPython", || {
            python(PYTHON, &[kind, &size.to_string(), &slow])
        })
        .run();
}

/// Room for several of them.
fn room(size: usize) -> usize {
    DEFAULT_BYTES.max(3 * size + 4096)
}

fn queue<T: Serialize + DeserializeOwned>(item: &T, size: usize, count: usize) -> f64 {
    let queue: Queue<T> = Queue::with_capacity(DEFAULT_ITEMS, room(size)).unwrap();
    flow(
        size,
        count,
        || queue.put(item).unwrap(),
        || drop(black_box(queue.get().unwrap())),
    )
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

/// `count` items from a child to this process, after one that does not count.
fn flow(size: usize, count: usize, put: impl Fn(), mut get: impl FnMut()) -> f64 {
    let producer = Process::spawn("producer", || (0..=count).for_each(|_| put())).unwrap();
    get();
    let time = seconds(|| (0..count).for_each(|_| get()));
    producer.join_success().unwrap();
    (count * size) as f64 / time
}
