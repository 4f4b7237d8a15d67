//! Messages made to hurt: each is refused, or costs no more than its own size.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::thread;

use inert_pickle::semantics::CompareError;
use inert_pickle::{Error, Limits, Value, from_value, read, write};

fn parse(body: &[u8]) -> Result<Value, Error> {
    let mut message = b"\x80\x04".to_vec();
    message.extend(body);
    read(&message, &Limits::default())
}

/// Runs on the smallest stack that a thread of a server has.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// What can be done with a value, done; nothing of it may panic, hang or recurse.
fn use_it(value: &Value) {
    for protocol in 2..=5 {
        if let Ok(written) = write(value, protocol) {
            assert!(written.len() < 200 << 20);
        }
    }
    assert!(value.repr(1000).chars().count() <= 1000);
    let copy = value.detach();
    assert!(copy == *value);
    let _ = value.less_than(&copy);
    let _ = value.is_truthy();
    // serde recurses, on the stack of an ordinary thread.
    let value = value.clone();
    thread::spawn(move || {
        let _ = from_value::<serde::de::IgnoredAny>(&value);
        let _ = from_value::<Nested>(&value);
    })
    .join()
    .unwrap();
}

/// Nothing but its shape.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Tree(Vec<Tree>);

/// Data that goes as deep as its source.
#[derive(serde::Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its shape matters")]
enum Nested {
    List(Vec<Nested>),
    Other(Option<i64>),
}

#[test]
fn lengths_beyond_the_message_are_refused_before_anything_is_allocated() {
    for body in [
        &b"\x8c\xffabc."[..],
        b"X\xff\xff\xff\xffabc.",
        b"X\xff\xff\xff\x7fabc.",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.",
        b"\x8d\0\0\0\0\0\0\0\x80abc.",
        b"B\xff\xff\xff\xffabc.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"\x96\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"T\xff\xff\xff\xffabc.",
        b"U\xffabc.",
        b"\x8a\xff\x01.",
        b"\x8b\xff\xff\xff\xff\x01.",
        b"\x95\xff\xff\xff\xff\xff\xff\xff\xffN.",
        b"cos",
        b"cos\nsystem",
        b"I1",
    ] {
        assert!(
            matches!(parse(body), Err(Error::Truncated { at: 2 })),
            "{body:?}"
        );
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        message: 64,
        parts: 8,
        depth: 4,
    };
    let mut large = b"\x80\x04\x8c\x40".to_vec();
    large.extend([b'x'; 64]);
    large.push(b'.');
    assert_eq!(
        read(&large, &limits),
        Err(Error::Size {
            size: 69,
            limit: 64
        })
    );
    assert!(read(b"\x80\x04](NNNNe.", &limits).is_ok());
    assert_eq!(
        read(b"\x80\x04](NNNNNe.", &limits),
        Err(Error::Parts { limit: 8 })
    );
    assert!(read(b"\x80\x04N\x85\x85\x85.", &limits).is_ok());
    assert_eq!(
        read(b"\x80\x04N\x85\x85\x85\x85.", &limits),
        Err(Error::Depth { limit: 4 })
    );
}

#[test]
fn what_fits_an_ordinary_machine_is_read() {
    let dicts = [
        b"](".to_vec(),
        b"}K\x01K\x02s".repeat(900_000),
        b"e.".to_vec(),
    ]
    .concat();
    let value = parse(&dicts).unwrap();
    assert_eq!(value.as_sequence().unwrap().len(), 900_000);
    assert!(write(&value, 4).is_ok());
}

/// A message of 300 MiB, as `put(b'x' * (300 << 20))` sends it.
#[test]
#[ignore = "needs a gigabyte of memory"]
fn a_message_of_300_mib_is_read() {
    let bytes = vec![b'x'; 300 << 20];
    let message = [
        b"\x80\x04B",
        &(300u32 << 20).to_le_bytes()[..],
        &bytes,
        b".",
    ]
    .concat();
    let value = read(&message, &Limits::default()).unwrap();
    assert_eq!(value.as_bytes().unwrap().len(), 300 << 20);
}

#[test]
fn deep_nesting_is_refused_or_harmless_on_a_small_stack() {
    on_a_small_stack(|| {
        let lists = |depth: usize| [vec![b']'; depth], vec![b'a'; depth - 1], vec![b'.']].concat();
        let tuples = |depth: usize| [vec![b')'], vec![0x85; depth - 1], vec![b'.']].concat();
        let calls = |depth: usize| {
            [
                b"cm\nf\n".repeat(depth),
                b")R".to_vec(),
                b"\x85R".repeat(depth - 1),
                vec![b'.'],
            ]
            .concat()
        };
        for deep in [lists(100_000), tuples(100_000), calls(100_000)] {
            assert_eq!(parse(&deep), Err(Error::Depth { limit: 10_000 }));
            // To one who asks for it, depth is no danger either.
            let limits = Limits {
                depth: usize::MAX,
                ..Limits::default()
            };
            let message = [b"\x80\x04".to_vec(), deep].concat();
            let value = read(&message, &limits).unwrap();
            assert!(matches!(write(&value, 4), Err(Error::Depth { .. })));
            use_it(&value);
        }
        for fine in [lists(10_000), tuples(10_000), calls(3_000)] {
            let value = parse(&fine).unwrap();
            assert!(write(&value, 4).is_ok());
            use_it(&value);
        }
        // Marks are no nesting, but must not be trusted either.
        assert!(parse(&[vec![b'('; 100_000], vec![b'.']].concat()).is_err());
        assert!(parse(&[vec![b'('; 100_000], vec![b't'; 100_000], vec![b'.']].concat()).is_err());
    });
}

#[test]
fn a_billion_laughs_stay_small() {
    on_a_small_stack(|| {
        let laughs =
            |step: &[u8]| [b"\x8c\x03lol".to_vec(), step.repeat(5000), vec![b'.']].concat();
        // Each tuple holds the one before twice: by DUP, and by the memo.
        let dup = parse(&laughs(b"2\x86")).unwrap();
        let mut memo = b"\x8c\x03lol\x940".to_vec();
        for index in 0..255u8 {
            memo.extend([b'h', index, b'h', index, 0x86, 0x94, b'0']);
        }
        let memo = parse(&[memo, b"h\xff.".to_vec()].concat()).unwrap();
        for value in [dup, memo] {
            assert!(write(&value, 4).unwrap().len() < 100_000);
            let other = parse(&laughs(b"2\x86")).unwrap();
            // To compare them leaf by leaf would take longer than the universe has.
            let less = value.less_than(&other);
            assert!(!matches!(less, Err(CompareError::TooLarge { .. })));
            use_it(&value);
        }
    });
}

#[test]
fn laughs_do_not_become_data() {
    // Shallow enough for serde, and 2^60 values.
    let value = parse(&[b")".to_vec(), b"2\x86".repeat(60), b".".to_vec()].concat()).unwrap();
    let error = from_value::<Tree>(&value)
        .err()
        .map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("a value that is too large when written out")
    );
    // What is merely shared does become data.
    let rows = [
        b"](".to_vec(),
        [
            b"]".to_vec(),
            b"(N".to_vec(),
            b"N".repeat(499),
            b"e\x94".to_vec(),
        ]
        .concat(),
        b"h\x00".repeat(499),
        b"e.".to_vec(),
    ]
    .concat();
    let rows: Vec<Vec<()>> = from_value(&parse(&rows).unwrap()).unwrap();
    assert_eq!((rows.len(), rows[499].len()), (500, 500));
}

#[test]
fn calls_that_spell_out_plain_data_do_not_multiply_it() {
    // One large text, made into bytes by a thousand calls; one list, into sets.
    let mut body = b"](c_codecs\nencode\n\x94X\x10\x27\0\0".to_vec();
    body.extend([b'x'; 10_000]);
    body.extend(b"\x8c\x06latin1\x86\x94R");
    for _ in 0..1000 {
        body.extend(b"h\x00h\x01R");
    }
    body.extend(b"e.");
    let value = parse(&body).unwrap();
    use_it(&value);
    assert!(write(&value, 4).unwrap().len() < 100_000);

    let mut body = b"](cbuiltins\nset\n\x94](".to_vec();
    body.extend([b'N'; 10_000]);
    body.extend(b"e\x85\x94R");
    for _ in 0..1000 {
        body.extend(b"h\x00h\x01R");
    }
    body.extend(b"e.");
    let value = parse(&body).unwrap();
    use_it(&value);
    assert!(write(&value, 4).unwrap().len() < 100_000);
}

#[test]
fn a_tuple_in_itself_a_thousand_times_is_not_written_for_ever() {
    // t = (l1, …, ln), and each list holds t: written as CPython does it, n * n parts.
    let count = 3000u32;
    let mut body = b"(".to_vec();
    for _ in 0..count {
        body.extend(b"]\x94");
    }
    body.extend(b"t\x94");
    for index in 0..count {
        body.push(b'j');
        body.extend(index.to_le_bytes());
        body.push(b'j');
        body.extend(count.to_le_bytes());
        body.extend(b"a0");
    }
    body.push(b'.');
    let value = parse(&body).unwrap();
    assert!(matches!(write(&value, 4), Err(Error::Unwritable { .. })));
    use_it(&value);
}

#[test]
fn a_set_in_itself_has_no_form_at_low_protocols() {
    let value = parse(b"\x8f\x94(h\x00\x90.").unwrap();
    assert!(write(&value, 4).is_ok());
    assert!(matches!(
        write(&value, 3),
        Err(Error::Unwritable { .. } | Error::Depth { .. })
    ));
    use_it(&value);
}

#[test]
fn a_list_in_itself_is_compared_shown_and_turned_into_data_in_finite_time() {
    let value = parse(b"]\x94h\x00a.").unwrap();
    let other = parse(b"]\x94h\x00a.").unwrap();
    assert_eq!(value.less_than(&other), Ok(false));
    assert!(from_value::<Nested>(&value).is_err());
    assert!(value == other);
    use_it(&value);
}

#[test]
fn a_long_name_is_written_once_however_many_it_names() {
    // By one text for module and name, stored; each global is a node of its own.
    let name = [&b"X\xe8\x03\0\0"[..], &[b'x'; 1000], b"\x940]("].concat();
    let body = [name, b"h\0h\0\x93".repeat(20_000), b"e.".to_vec()].concat();
    let value = parse(&body).unwrap();
    for protocol in 2..=5 {
        let written = write(&value, protocol).unwrap();
        assert!(
            written.len() <= 2 * body.len(),
            "{} at {protocol}",
            written.len()
        );
    }
}
