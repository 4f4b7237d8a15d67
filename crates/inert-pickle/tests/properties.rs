//! The reader and writer on what nobody thought of.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use inert_pickle::{Limits, Value, from_value, read, write};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any plain value, strings with surrogates and ints of any size included.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::none()),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-300i64..70_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,300}".prop_map(|text| Value::from(text.as_str())),
        vec(any::<u8>(), 0..300).prop_map(|bytes| Value::bytes(&bytes)),
        vec(any::<u8>(), 0..20).prop_map(|bytes| Value::bytearray(&bytes)),
        vec(any::<u8>(), 0..300).prop_map(|bytes| Value::long(&bytes)),
        Just(Value::global("queue", "Empty")),
        Just(Value::global("m", "Outer")),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        let parts = vec(inner, 0..6);
        prop_oneof![
            parts.clone().prop_map(|parts| Value::tuple(&parts)),
            parts.clone().prop_map(|parts| Value::list(&parts)),
            parts.clone().prop_map(|parts| Value::set(&parts)),
            parts.clone().prop_map(|parts| Value::frozenset(&parts)),
            parts
                .clone()
                .prop_map(|parts| Value::dict(parts.iter().zip(parts.iter().rev()))),
            parts
                .clone()
                .prop_map(|parts| Value::call(&Value::global("m", "f"), &parts)),
            parts.prop_map(|parts| {
                Value::instance(&Value::global("m", "C"), &parts, parts.first())
            }),
        ]
    })
}

const PIECES: &[&[u8]] = &[
    b"\x8c\x01a",
    b"C\x01b",
    b"U\x01\xff",
    b"cm\nC\n",
    b"cbuiltins\nset\n",
    b"cbuiltins\nbytearray\n)R",
    b"c_codecs\nencode\n\x8c\x02\xc3\xa9\x8c\x06latin1\x86R",
    b"J\xff\xff\xff\xff",
    b"G\x7f\xf0\0\0\0\0\0\0",
    b"\x8a\x09\0\0\0\0\0\0\0\x80\0",
];

/// Bytes that look like pickles: opcodes, small arguments, references back.
fn almost_pickles() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        3 => prop::sample::select(&b"N\x88)]}\x8f(te\x85\x86\x87aeu\x90\x91\x94s02.R\x81\x92b1"[..])
            .prop_map(|opcode| vec![opcode]),
        1 => (prop::sample::select(&b"KhqC\x8cU\x8a"[..]), 0u8..8)
            .prop_map(|(opcode, argument)| vec![opcode, argument]),
        1 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..4),
    ];
    (2u8..=5, vec(opcode, 0..60), any::<bool>()).prop_map(|(protocol, opcodes, stops)| {
        let mut message = vec![0x80, protocol];
        message.extend(opcodes.concat());
        if stops {
            message.push(b'.');
        }
        message
    })
}

/// Whatever can be read can be used: written, read again the same, shown, compared.
fn check(message: &[u8]) -> Result<bool, TestCaseError> {
    let Ok(value) = read(message, &Limits::default()) else {
        return Ok(false);
    };
    for protocol in 2..=5 {
        let Ok(written) = write(&value, protocol) else {
            continue;
        };
        prop_assert!(
            written.len() <= 400 + 40 * message.len(),
            "{} bytes",
            written.len()
        );
        let again = read(&written, &Limits::default());
        prop_assert!(again.is_ok(), "{again:?} from {written:02x?}");
        let again = again.unwrap();
        // From here on it is stable, whatever the first protocol could not express.
        let rewritten = write(&again, protocol);
        prop_assert!(rewritten.is_ok(), "{rewritten:?}");
        // A `str` of Python 2 arrives as what Python 3 takes it for: `bytes`, unless
        // it is ASCII.
        let native = message.iter().any(|byte| matches!(byte, b'U' | b'T'));
        if protocol >= 4 && !native {
            prop_assert_eq!(&again, &value);
        }
    }
    prop_assert!(value.repr(50).chars().count() <= 50);
    prop_assert_eq!(&value.detach(), &value);
    let _ = value.less_than(&value.detach());
    let _ = value.is_truthy();
    let _ = from_value::<serde::de::IgnoredAny>(&value);
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(message in vec(any::<u8>(), 0..200)) {
        check(&message)?;
        let mut behind = vec![0x80, 4];
        behind.extend(message);
        check(&behind)?;
    }

    #[test]
    fn almost_pickles_are_read_or_refused(message in almost_pickles()) {
        check(&message)?;
    }

    #[test]
    fn damaged_pickles_are_read_or_refused(
        value in values(), protocol in 2u8..=5, at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut message = write(&value, protocol).unwrap();
        let at = at.index(message.len());
        message[at] = byte;
        check(&message)?;
    }

    #[test]
    fn what_is_written_is_read_back(value in values()) {
        for protocol in 2..=5 {
            let written = write(&value, protocol).unwrap();
            prop_assert_eq!(&read(&written, &Limits::default()).unwrap(), &value);
        }
        prop_assert_eq!(value.detach(), value);
    }

    #[test]
    fn ints_keep_their_order(a in any::<i128>(), b in any::<i128>()) {
        let (x, y) = (Value::long(&a.to_le_bytes()), Value::long(&b.to_le_bytes()));
        prop_assert_eq!(x.less_than(&y).unwrap(), a < b);
        prop_assert_eq!(x.repr(99), a.to_string());
    }

    #[test]
    fn floats_are_compared_with_ints_exactly(a in any::<i128>(), b in any::<f64>()) {
        let (x, y) = (Value::long(&a.to_le_bytes()), Value::from(b));
        // Exact as well: the bounds of an i128 are powers of two.
        let less = if b.is_nan() { false }
            else if b >= 2f64.powi(127) { true }
            else if b < -2f64.powi(127) { false }
            else { a < b.ceil() as i128 };
        prop_assert_eq!(x.less_than(&y).unwrap(), less);
    }
}

/// `PROPTEST_CASES` asks for a longer run.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(512)
}
