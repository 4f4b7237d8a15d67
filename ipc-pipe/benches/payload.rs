//! What people send, through a connection: vectors of numbers and a struct that
//! holds them; beside it the same bytes through a bare socketpair, and CPython's
//! fastest form. `cargo bench -p ipc-pipe --bench payload`, with a part of a
//! row's name to measure only those.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::env;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use common::measure::{Comparison, Unit, python, seconds};
use multiproc::connection::pipe;
use multiproc::process::Process;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const SIZES: [(usize, &str); 4] = [
    (4 << 10, "4 KiB"),
    (64 << 10, "64 KiB"),
    (1 << 20, "1 MiB"),
    (16 << 20, "16 MiB"),
];

/// How much goes through in one round.
const ROUND: usize = 512 << 20;

#[derive(Serialize, Deserialize)]
struct Frame {
    name: String,
    pixels: Vec<u8>,
    samples: Vec<f64>,
    points: Vec<[f32; 3]>,
}

const PYTHON: &str = r#"
import array, multiprocessing, os, sys, time
kind, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
a, b = multiprocessing.Pipe()
item = {"bytes": lambda: b"7" * size, "f64": lambda: array.array("d", [7.0]) * (size // 8),
        "frame": lambda: ("frame", b"7" * (size // 3), array.array("d", [7.0]) * (size // 24),
                          array.array("f", [7.0]) * (size // 12))}[kind]()
if os.fork() == 0:
    for i in range(count + 1):
        b.send(item)
    os._exit(0)
a.recv()
start = time.perf_counter()
for i in range(count):
    a.recv()
print(count * size / (time.perf_counter() - start))
os.wait()
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

fn rows<T: Serialize + DeserializeOwned>(
    what: &str,
    name: &str,
    size: usize,
    kind: &str,
    item: &T,
) {
    let title = format!("{what} of {name}, one way");
    let wanted = env::args().skip(1).find(|word| !word.starts_with('-'));
    if wanted.is_some_and(|word| !title.contains(&word)) {
        return;
    }
    let count = (ROUND / size).min(50_000);
    let (bytes, fewer) = (size.to_string(), (count / 4).max(8).to_string());
    Comparison::new(title, Unit::BytesPerSecond)
        .candidate("ours", || Some(ours(item, size, count)))
        .candidate("bare socketpair", || Some(bare(size, count)))
        .candidate("CPython", || python(PYTHON, &[kind, &bytes, &fewer]))
        .run();
}

fn ours<T: Serialize + DeserializeOwned>(item: &T, size: usize, count: usize) -> f64 {
    let (mut receiver, mut sender) = pipe(true).unwrap();
    flow(
        size,
        count,
        || sender.send(item).unwrap(),
        || drop(black_box(receiver.recv::<T>().unwrap())),
    )
}

fn bare(size: usize, count: usize) -> f64 {
    let (mut receiver, mut sender) = UnixStream::pair().unwrap();
    let (message, mut buffer) = (vec![7; size], vec![0; size]);
    flow(
        size,
        count,
        || sender.write_all(&message).unwrap(),
        || receiver.read_exact(black_box(&mut buffer)).unwrap(),
    )
}

/// `count` items from a child to this process, after one that does not count.
fn flow(size: usize, count: usize, mut send: impl FnMut(), mut receive: impl FnMut()) -> f64 {
    let child = Process::spawn("sender", || (0..=count).for_each(|_| send())).unwrap();
    receive();
    let time = seconds(|| (0..count).for_each(|_| receive()));
    child.join_success().unwrap();
    (count * size) as f64 / time
}
