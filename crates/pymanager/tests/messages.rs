//! What CPython 3.6, 3.11, 3.13 and 3.15 sent, taken apart and put together again.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;

use pymanager::message::{Reply, Request, write_reply, write_request};
use pymanager::pickle::{Error, Limits, Reader, Value, protocol_of};

/// The recordings lie with the tests of the codec.
fn recording(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inert-pickle/tests/data");
    fs::read_to_string(folder.join(name)).unwrap()
}

struct Frame {
    file: &'static str,
    from_client: bool,
    step: String,
    payload: Vec<u8>,
}

impl Frame {
    fn name(&self) -> String {
        format!("{}: {}", self.file, self.step)
    }
}

fn frames() -> Vec<Frame> {
    let files = [
        "session-3.6",
        "session-3.11",
        "session-3.13",
        "session-3.15",
        "exceptions-3.6",
        "exceptions-3.11",
        "exceptions-3.13",
        "exceptions-3.15",
    ];
    let mut frames = Vec::new();
    for file in files {
        let text = &recording(&format!("{file}.txt"));
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let [direction, step, hex] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            frames.push(Frame {
                file,
                from_client: direction == "C>S",
                step: step.to_owned(),
                payload: unhex(hex),
            });
        }
    }
    assert!(frames.len() > 700, "{} frames", frames.len());
    frames
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[test]
fn requests_and_replies_are_taken_apart_and_put_together_again() {
    let mut reader = Reader::new(Limits::default());
    for frame in frames() {
        let value = reader.read(&frame.payload).unwrap();
        let protocol = protocol_of(&frame.payload);
        let mut written = b"before".to_vec();
        if value.as_i64() == Some(5) {
            // One request in each session is no request.
            assert!(matches!(Request::of(&value), Err(Error::Data(_))));
            assert!(matches!(Reply::of(&value), Err(Error::Data(_))));
            continue;
        }
        if frame.from_client {
            let request =
                Request::of(&value).unwrap_or_else(|error| panic!("{}: {error}", frame.name()));
            let args: Vec<Value> = request.args.clone().collect();
            let pairs: Vec<_> = request.kwargs.clone().collect();
            let kwargs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| (key.as_str().unwrap(), value.clone()))
                .collect();
            write_request(
                &mut written,
                request.ident,
                request.method,
                &args,
                &kwargs,
                protocol,
            )
            .unwrap();
        } else {
            let reply =
                Reply::of(&value).unwrap_or_else(|error| panic!("{}: {error}", frame.name()));
            write_reply(&mut written, reply.kind, &reply.value, protocol).unwrap();
        }
        let back = reader
            .read(written.strip_prefix(b"before").unwrap())
            .unwrap();
        assert_eq!(back, value, "{}", frame.name());
    }
}
