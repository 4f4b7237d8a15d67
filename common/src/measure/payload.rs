//! What people send: vectors of numbers, texts, and a struct that holds them, of
//! 4 KiB to 16 MiB. The same rows for a queue, a connection, and a pool's results
//! and arguments, each beside CPython's fastest form of the same.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Comparison, Peer, Unit};

const SIZES: [(usize, &str); 4] = [
    (4 << 10, "4 KiB"),
    (64 << 10, "64 KiB"),
    (1 << 20, "1 MiB"),
    (16 << 20, "16 MiB"),
];

/// What the Python programs begin with: they get the item's kind, its size, and
/// how many of them to send.
const PYTHON: &str = r#"
import array, multiprocessing, os, sys, time
kind, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
make = {"bytes": lambda: b"7" * size, "f64": lambda: array.array("d", [7.0]) * (size // 8),
        "str": lambda: "7" * size,
        "u32": lambda: array.array("I", [7]) * (size // 4),
        "f32": lambda: array.array("f", [7.0]) * (size // 4),
        "frame": lambda: ("frame", b"7" * (size // 3), array.array("d", [7.0]) * (size // 24),
                          array.array("f", [7.0]) * (size // 12))}[kind]
item = make()
"#;

/// A struct that holds vectors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Frame {
    name: String,
    pixels: Vec<u8>,
    samples: Vec<f64>,
    points: Vec<[f32; 3]>,
}

/// What can be sent.
pub trait Item: Clone + Serialize + DeserializeOwned + Send + 'static {}

impl<T: Clone + Serialize + DeserializeOwned + Send + 'static> Item for T {}

/// What items go through.
pub trait Through {
    /// Sends `count` items as `make` makes them, of `size` bytes: bytes a second.
    fn send<T: Item>(
        &self,
        make: impl Fn() -> T + Copy + 'static,
        size: usize,
        count: usize,
    ) -> f64;
}

/// Sends so many bytes through something else, and gives bytes a second.
type Limit = fn(size: usize, count: usize) -> f64;

/// The rows, and what they are measured beside.
///
/// ```
/// use common::measure::payload::{Item, Payload, Through};
///
/// struct Nothing;
/// impl Through for Nothing {
///     fn send<T: Item>(&self, _: impl Fn() -> T, size: usize, count: usize) -> f64 {
///         (size * count) as f64
///     }
/// }
/// // An argument of the benchmark chooses rows by a part of their title.
/// Payload::new("nothing", 1 << 20, "").only(Some("no such row")).run(&Nothing);
/// ```
pub struct Payload<'a> {
    way: &'a str,
    round: usize,
    python: &'a str,
    limit: Option<(&'a str, Limit)>,
    only: Option<String>,
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl<'a> Payload<'a> {
    /// Rows whose titles begin with `way`, `round` bytes in a round, beside a Python
    /// program that sends `count` times an `item` of `size` bytes, or what `make()`
    /// gives.
    pub fn new(way: &'a str, round: usize, python: &'a str) -> Self {
        Payload {
            way,
            round,
            python,
            limit: None,
            only: Peer::wanted().into_iter().next(),
        }
    }

    /// Also beside what cannot be beaten.
    pub fn limit(mut self, name: &'a str, limit: Limit) -> Self {
        self.limit = Some((name, limit));
        self
    }

    /// Only the rows whose title contains this.
    pub fn only(mut self, part: Option<&str>) -> Self {
        self.only = part.map(str::to_string);
        self
    }

    /// Runs all rows.
    pub fn run(&self, through: &impl Through) {
        for (size, name) in SIZES {
            let frame = move || Frame {
                name: "frame".to_string(),
                pixels: vec![7; size / 3],
                samples: vec![7.0; size / 24],
                points: vec![[7.0; 3]; size / 36],
            };
            self.row("Vec<u8>", (size, name), "bytes", through, move || {
                vec![7_u8; size]
            });
            self.row("Vec<u32>", (size, name), "u32", through, move || {
                vec![7_u32; size / 4]
            });
            self.row("Vec<f64>", (size, name), "f64", through, move || {
                vec![7.0_f64; size / 8]
            });
            self.row("Vec<[f32; 3]>", (size, name), "f32", through, move || {
                vec![[7.0_f32; 3]; size / 12]
            });
            self.row("a struct of those", (size, name), "frame", through, frame);
            self.row("String", (size, name), "str", through, move || {
                "7".repeat(size)
            });
        }
    }

    fn row<T: Item>(
        &self,
        what: &str,
        (size, name): (usize, &str),
        kind: &str,
        through: &impl Through,
        make: impl Fn() -> T + Copy + 'static,
    ) {
        let title = format!("{}: {what}, {name}", self.way);
        if self.only.as_ref().is_some_and(|part| !title.contains(part)) {
            return;
        }
        let count = (self.round / size).min(50_000);
        let (bytes, fewer) = (size.to_string(), (count / 4).max(8).to_string());
        let python = Peer::python(&format!("{PYTHON}{}", self.python));
        let mut row = Comparison::new(title, Unit::BytesPerSecond)
            .candidate("ours", || Some(through.send(make, size, count)));
        if let Some((limit, send)) = self.limit {
            row = row.candidate(limit, move || Some(send(size, count)));
        }
        row.candidate(python.name(), || python.number(&[kind, &bytes, &fewer]))
            .run();
    }
}
