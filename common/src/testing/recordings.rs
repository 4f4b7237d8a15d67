//! Recorded messages, a line each: direction, step and bytes in hexadecimal,
//! with tabs between.

use std::fs;
use std::path::Path;

/// One message that somebody recorded.
#[derive(Debug)]
pub struct Recorded {
    /// The file it stands in, without its ending.
    pub file: String,
    /// Whether the client sent it, and not the server.
    pub from_client: bool,
    /// What the program did when it was sent.
    pub step: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl Recorded {
    /// Which message it is, for a failure's text.
    pub fn name(&self) -> String {
        format!("{}: {}", self.file, self.step)
    }
}

/// What was recorded of CPython's managers and their clients, by version.
const FILES: [&str; 8] = [
    "session-3.6",
    "session-3.11",
    "session-3.13",
    "session-3.15",
    "exceptions-3.6",
    "exceptions-3.11",
    "exceptions-3.13",
    "exceptions-3.15",
];

/// The messages of CPython that are recorded in `folder`, in order. Lines that start
/// with `#` are comments.
///
/// # Panics
///
/// If a file cannot be read, or a line has another form, or there are few.
#[track_caller]
pub fn recordings(folder: impl AsRef<Path>) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    for file in FILES {
        let path = folder.as_ref().join(format!("{file}.txt"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let [direction, step, hex] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{path:?}: {line}");
            };
            recorded.push(Recorded {
                file: file.to_string(),
                from_client: direction == "C>S",
                step: step.to_string(),
                payload: bytes_of_hex(hex),
            });
        }
    }
    assert!(recorded.len() > 700, "{} messages", recorded.len());
    recorded
}

/// The bytes that `hex` writes out, two digits each.
///
/// # Panics
///
/// If it is not hexadecimal.
#[track_caller]
pub fn bytes_of_hex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}
