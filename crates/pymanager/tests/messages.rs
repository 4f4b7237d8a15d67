//! What CPython 3.6, 3.11, 3.13 and 3.15 sent, taken apart and put together again.
#![forbid(unsafe_code)]

use common::testing::{Recorded, recordings};
use pymanager::message::{Reply, Request, write_reply, write_request};
use pymanager::pickle::{Error, Limits, Reader, Value, protocol_of};

/// The recordings are with the tests of the codec.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../inert-pickle/tests/data");

fn frames() -> Vec<Recorded> {
    recordings(FOLDER)
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
