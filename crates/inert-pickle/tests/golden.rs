//! What CPython 3.6, 3.11, 3.13 and 3.15 sent, read and written again.
#![forbid(unsafe_code)]

use common::testing::{Recorded, recordings};
use inert_pickle::{Composer, Kind, Limits, Value, protocol_of, read, write};

fn frames() -> Vec<Recorded> {
    recordings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
}

fn value(frame: &Recorded) -> Value {
    read(&frame.payload, &Limits::default())
        .unwrap_or_else(|error| panic!("{}: {error}", frame.name()))
}

#[test]
fn every_frame_is_read_and_written_with_the_same_meaning_at_its_own_protocol() {
    for frame in frames() {
        let value = value(&frame);
        let written = write(&value, protocol_of(&frame.payload)).unwrap();
        assert!(
            written.len() <= frame.payload.len(),
            "{}: longer than CPython's",
            frame.name()
        );
        assert_eq!(
            read(&written, &Limits::default()).unwrap(),
            value,
            "{}",
            frame.name()
        );
    }
}

#[test]
fn every_frame_survives_every_protocol() {
    for frame in frames() {
        let value = value(&frame);
        for protocol in 2..=5 {
            let written = write(&value, protocol).unwrap();
            assert_eq!(protocol_of(&written), protocol);
            let back = read(&written, &Limits::default()).unwrap();
            if protocol > 2 {
                assert_eq!(back, value, "{} at {protocol}", frame.name());
                continue;
            }
            // Python 2 has fewer names.
            let shown = value.repr(4000).replace("_queue.", "queue.");
            let shown = shown.replace("ModuleNotFoundError", "ImportError");
            let shown = shown.replace("FileNotFoundError", "OSError");
            assert_eq!(back.repr(4000), shown, "{} at {protocol}", frame.name());
        }
    }
}

#[test]
fn items_are_shown_as_python_shows_them() {
    let mut seen = 0;
    for frame in frames().into_iter().filter(|frame| frame.from_client) {
        let Some(shown) = frame.step.strip_prefix("echo ") else {
            continue;
        };
        let value = value(&frame);
        let request = value.as_sequence().unwrap();
        let (Kind::Str(method), Kind::Tuple(args)) =
            (request.kind(1).unwrap(), request.kind(2).unwrap())
        else {
            panic!("{}", frame.name())
        };
        // Complex numbers and ranges are objects here, shown as calls.
        if method == b"put" && !["(1+2j)", "range(0, 3)"].contains(&shown) {
            seen += 1;
            let item = args.get(0).unwrap();
            assert_eq!(item.repr(shown.chars().count()), shown, "{}", frame.name());
        }
    }
    assert!(seen > 150, "{seen} items");
}

#[test]
fn exceptions_are_known_by_python_3_names() {
    let mut empty = Vec::new();
    for frame in frames()
        .into_iter()
        .filter(|frame| frame.step.starts_with("Empty()"))
    {
        let value = value(&frame);
        let reply: Vec<Value> = value.as_sequence().unwrap().collect();
        assert_eq!(reply[0].as_str(), Some("#ERROR"));
        let (module, name, args) = reply[1].as_call().unwrap();
        assert!(args.is_empty());
        empty.push(format!("{module}.{name}"));
    }
    assert_eq!(
        empty,
        [
            "queue.Empty",
            "_queue.Empty",
            "_queue.Empty",
            "_queue.Empty"
        ]
    );
}

#[test]
fn small_replies_are_byte_for_byte_what_they_should_be() {
    let reply = |value: &Value, protocol| {
        let mut out = Vec::new();
        Composer::write(&mut out, protocol, |reply| {
            reply.tuple(2, |reply| {
                reply.str("#RETURN");
                reply.value(value)
            })
        })
        .unwrap();
        out
    };
    // CPython's, without its frames and memo.
    assert_eq!(reply(&Value::none(), 4), b"\x80\x04\x8c\x07#RETURNN\x86.");
    assert_eq!(reply(&true.into(), 4), b"\x80\x04\x8c\x07#RETURN\x88\x86.");
    assert_eq!(reply(&0.into(), 3), b"\x80\x03X\x07\0\0\0#RETURNK\0\x86.");
    let empty = Value::call(&Value::global("queue", "Empty"), &[]);
    assert_eq!(
        reply(&empty, 2),
        b"\x80\x02X\x07\0\0\0#RETURNcQueue\nEmpty\n)R\x86."
    );
    assert_eq!(
        reply(&empty, 4),
        b"\x80\x04\x8c\x07#RETURN\x8c\x05queue\x8c\x05Empty\x93)R\x86."
    );
    let error = Value::call(&Value::global("builtins", "ValueError"), &["no".into()]);
    assert_eq!(
        reply(&error, 2),
        b"\x80\x02X\x07\0\0\0#RETURNcexceptions\nValueError\nX\x02\0\0\0no\x85R\x86."
    );
}
