//! Pickles: whatever can be read can be used.

use inert_pickle::semantics::{CompareError, Key, Work, equal, less};
use inert_pickle::{Limits, Value, from_value, read, write};

/// No pickle is longer than so many times the message that the value came in.
const LONGEST: usize = 40;

/// Reads the bytes as a pickle, and does with the value what can be done.
pub fn pickle(data: &[u8]) {
    let limits = Limits {
        message: 1 << 20,
        parts: 1 << 20,
        depth: 500,
    };
    let Ok(value) = read(data, &limits) else {
        return;
    };
    for protocol in 2..=5 {
        let Ok(written) = write(&value, protocol) else {
            continue;
        };
        assert!(
            written.len() <= 4096 + LONGEST * data.len(),
            "{} bytes from {}",
            written.len(),
            data.len()
        );
        // Written out, a set or a class may be nested a few levels deeper.
        let again = match read(&written, &Limits::default()) {
            Ok(again) => again,
            Err(error) => panic!("{error}: {written:02x?}"),
        };
        assert!(write(&again, protocol).is_ok(), "written once, not twice");
    }
    assert!(value.repr(100).chars().count() <= 100);
    let copy = value.detach();
    assert!(copy == value, "another when detached");
    compare(&value, &copy);
    let _ = value.is_truthy();
    let _ = value.type_name();
    let _ = from_value::<serde::de::IgnoredAny>(&value);
}

/// Equality, order and hash say the same. Not of a NaN, which equals nothing.
fn compare(value: &Value, copy: &Value) {
    let mut work = Work::default();
    let equals = match equal(value, copy, &mut work) {
        Ok(equals) => equals,
        Err(CompareError::TooLarge { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(equal(copy, value, &mut work), Ok(equals));
    let key = |value: &Value| Key::new(value.clone(), &mut Work::default());
    if let (Ok(key), Ok(other)) = (key(value), key(copy)) {
        assert_eq!(key == other, equals, "equal, and not one key: {value:?}");
    }
    if equals && let Ok(is_less) = less(value, copy, &mut work) {
        assert!(!is_less, "less than what it equals: {value:?}");
    }
}
