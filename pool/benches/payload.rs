//! What tasks return: vectors of numbers and a struct that holds them, from
//! two workers; beside it CPython's fastest form.
//! `cargo bench -p pool --bench payload`, with a part of a row's name to
//! measure only those.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::env;
use std::hint::black_box;

use common::measure::{Comparison, Unit, python, seconds};
use multiproc::pool::PoolBuilder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const SIZES: [(usize, &str); 4] = [
    (4 << 10, "4 KiB"),
    (64 << 10, "64 KiB"),
    (1 << 20, "1 MiB"),
    (16 << 20, "16 MiB"),
];

/// How much comes back in one round.
const ROUND: usize = 512 << 20;

#[derive(Clone, Serialize, Deserialize)]
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
        "frame": lambda: ("frame", b"7" * (size // 3), array.array("d", [7.0]) * (size // 24),
                          array.array("f", [7.0]) * (size // 12))}[kind]()
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
    for (size, name) in SIZES {
        rows("Vec<u8>", name, size, "bytes", &vec![7_u8; size]);
        rows("Vec<f64>", name, size, "f64", &vec![7.0_f64; size / 8]);
        let frame = Frame {
            name: "frame".to_string(),
            pixels: vec![7; size / 3],
            samples: vec![7.0; size / 24],
            points: vec![[7.0; 3]; size / 36],
        };
        rows("a struct of them", name, size, "frame", &frame);
    }
}

fn rows<T>(what: &str, name: &str, size: usize, kind: &str, item: &T)
where
    T: Clone + Serialize + DeserializeOwned + Send + 'static,
{
    let title = format!("Results: {what} of {name}, two workers");
    let wanted = env::args().skip(1).find(|word| !word.starts_with('-'));
    if wanted.is_some_and(|word| !title.contains(&word)) {
        return;
    }
    let count = (ROUND / size).min(20_000);
    let (bytes, fewer) = (size.to_string(), (count / 4).max(8).to_string());
    Comparison::new(title, Unit::BytesPerSecond)
        .candidate("ours", || Some(results(item, size, count)))
        .candidate("CPython", || python(PYTHON, &[kind, &bytes, &fewer]))
        .run();
}

fn results<T>(item: &T, size: usize, count: usize) -> f64
where
    T: Clone + Serialize + DeserializeOwned + Send + 'static,
{
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
