//! The reader, an opcode at a time, and what it refuses.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use inert_pickle::{Change, Error, Kind, Limits, Reader, Value, protocol_of, read, write};

fn parse(body: &[u8]) -> Result<Value, Error> {
    let mut message = b"\x80\x04".to_vec();
    message.extend(body);
    read(&message, &Limits::default())
}

/// What the body holds, as Python shows it.
fn shown(body: &[u8]) -> String {
    parse(body).unwrap().repr(10_000)
}

#[test]
fn constants_and_numbers() {
    assert_eq!(shown(b"N."), "None");
    assert_eq!(shown(b"\x88."), "True");
    assert_eq!(shown(b"\x89."), "False");
    assert_eq!(shown(b"K\xff."), "255");
    assert_eq!(shown(b"M\xff\xff."), "65535");
    assert_eq!(shown(b"J\xff\xff\xff\xff."), "-1");
    assert_eq!(shown(b"\x8a\x00."), "0");
    assert_eq!(shown(b"\x8a\x01\xff."), "-1");
    assert_eq!(shown(b"\x8a\x05\x00\x00\x00\x80\x00."), "2147483648");
    assert_eq!(
        shown(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."),
        "9223372036854775808"
    );
    assert_eq!(
        shown(b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\xfe."),
        "-18446744073709551617"
    );
    assert_eq!(shown(b"\x8a\x0a\x05\0\0\0\0\0\0\0\0\0."), "5");
    assert_eq!(shown(b"\x8b\x02\x00\x00\x00\x00\x01."), "256");
    assert_eq!(shown(b"I-2147483649\n."), "-2147483649");
    assert_eq!(shown(b"G\x3f\xf8\0\0\0\0\0\0."), "1.5");
    assert!(matches!(parse(b"I1x\n."), Err(Error::Malformed { .. })));
    assert_eq!(shown(b"I99999999999999999999\n."), "99999999999999999999");
}

#[test]
fn text_and_bytes() {
    assert_eq!(shown(b"\x8c\x02hi."), "'hi'");
    assert_eq!(shown(b"X\x02\0\0\0hi."), "'hi'");
    assert_eq!(shown(b"\x8d\x02\0\0\0\0\0\0\0hi."), "'hi'");
    assert_eq!(shown(b"C\x02hi."), "b'hi'");
    assert_eq!(shown(b"B\x02\0\0\0hi."), "b'hi'");
    assert_eq!(shown(b"\x8e\x02\0\0\0\0\0\0\0hi."), "b'hi'");
    assert_eq!(shown(b"\x96\x02\0\0\0\0\0\0\0hi."), "bytearray(b'hi')");
    assert_eq!(shown(b"U\x02hi."), "'hi'");
    assert_eq!(shown(b"T\x02\0\0\0hi."), "'hi'");
    // Lone surrogates are text to Python; other bytes that are not UTF-8 are not.
    assert_eq!(shown(b"\x8c\x03\xed\xa0\x80."), "'\\ud800'");
    assert!(matches!(
        parse(b"\x8c\x01\xff."),
        Err(Error::Malformed { at: 2, .. })
    ));
    assert!(matches!(
        parse(b"\x8c\x02\xed\xa0."),
        Err(Error::Malformed { .. })
    ));
}

#[test]
fn tuples_lists_dicts_sets() {
    assert_eq!(shown(b")."), "()");
    assert_eq!(shown(b"K\x01\x85."), "(1,)");
    assert_eq!(shown(b"K\x01K\x02\x86."), "(1, 2)");
    assert_eq!(shown(b"K\x01K\x02K\x03\x87."), "(1, 2, 3)");
    assert_eq!(shown(b"(K\x01K\x02K\x03K\x04t."), "(1, 2, 3, 4)");
    assert_eq!(shown(b"]."), "[]");
    assert_eq!(shown(b"]K\x01a(K\x02K\x03e(e."), "[1, 2, 3]");
    assert_eq!(
        shown(b"}K\x01Ns(K\x02NK\x03Nu."),
        "{1: None, 2: None, 3: None}"
    );
    assert_eq!(shown(b"\x8f(K\x01K\x02\x90."), "{1, 2}");
    assert_eq!(shown(b"\x8f."), "set()");
    assert_eq!(shown(b"(K\x01\x91."), "frozenset({1})");
    assert_eq!(shown(b"(\x91."), "frozenset()");
    assert!(matches!(parse(b"}(Nu."), Err(Error::Malformed { .. })));
    assert!(matches!(parse(b"NNa."), Err(Error::Malformed { .. })));
    assert!(matches!(parse(b"](NNs."), Err(Error::Malformed { .. })));
    assert!(matches!(parse(b"](N\x90."), Err(Error::Malformed { .. })));
}

#[test]
fn lists_that_grow_in_turn_keep_their_own_elements() {
    // Two lists, appended to alternately: their elements move within the arena.
    let mut body = b"]\x94]\x94\x86\x94".to_vec();
    for number in 0..200 {
        body.extend([b'h', number % 2, b'K', number, b'a', b'0']);
    }
    body.push(b'.');
    let value = parse(&body).unwrap();
    let lists: Vec<Value> = value.as_sequence().unwrap().collect();
    for (first, list) in lists.iter().enumerate() {
        let numbers: Vec<i64> = list
            .as_sequence()
            .unwrap()
            .map(|number| number.as_i64().unwrap())
            .collect();
        let wanted: Vec<i64> = (first as i64..200).step_by(2).collect();
        assert_eq!(numbers, wanted);
    }
    // A set made of a list has the list's elements at that time, whatever then becomes
    // of either: first the one grows, then the other.
    let made = b"(cbuiltins\nset\n](K\x01K\x02e\x94\x85R\x94";
    let list_first = [&made[..], b"h\x00K\x03ah\x01(K\x04\x900t."].concat();
    assert_eq!(shown(&list_first), "({1, 2, 4}, [1, 2, 3])");
    let set_first = [&made[..], b"(K\x04\x90h\x00K\x03a(K\x05e(K\x06et."].concat();
    assert_eq!(shown(&set_first), "({1, 2, 4}, [1, 2, 3, 5, 6])");
    // The same for a list that has room to grow, as it has moved.
    let moved =
        b"(]\x94(K\x01K\x02e](K\x00eh\x00K\x03a0cbuiltins\nset\nh\x00\x85R(K\x09\x90h\x00K\x08a0t.";
    assert_eq!(shown(moved), "([1, 2, 3, 8], [0], {1, 2, 3, 9})");
}

#[test]
fn memo_and_stack() {
    assert_eq!(shown(b"\x8c\x01a\x94h\x00\x86."), "('a', 'a')");
    assert_eq!(shown(b"\x8c\x01aq\x01h\x01\x86."), "('a', 'a')");
    assert_eq!(shown(b"\x8c\x01ar\x01\0\0\0j\x01\0\0\0\x86."), "('a', 'a')");
    assert_eq!(shown(b"K\x01K\x020."), "1");
    assert_eq!(shown(b"K\x01(K\x02K\x031."), "1");
    assert_eq!(shown(b"K\x01(0."), "1");
    assert_eq!(shown(b"K\x012\x86."), "(1, 1)");
    // What lies below a mark is out of reach.
    for body in [
        &b"N(2t\x86."[..],
        b"N(\x94t\x86.",
        b"N(q\x00t\x86.",
        b"NN(\x86t.",
    ] {
        assert!(
            matches!(parse(body), Err(Error::Malformed { .. })),
            "{body:?}"
        );
    }
    let shared = parse(b"]\x94h\x00\x86.").unwrap();
    let [first, second] = shared
        .as_sequence()
        .unwrap()
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert!(first.is(&second));
    assert!(matches!(
        parse(b"h\x00."),
        Err(Error::Memo { at: 2, index: 0 })
    ));
    assert!(matches!(
        parse(b"j\xff\xff\xff\xff."),
        Err(Error::Memo {
            index: u32::MAX,
            ..
        })
    ));
    // An index that was passed over holds nothing.
    assert!(matches!(
        parse(b"NNNNq\x020000h\x01."),
        Err(Error::Memo { index: 1, .. })
    ));
    assert!(matches!(
        parse(b"Nr\xff\xff\xff\x7f."),
        Err(Error::Malformed { .. })
    ));
    assert!(matches!(
        parse(b"Nr\xff\xff\xff\xff."),
        Err(Error::Malformed { .. })
    ));
}

#[test]
fn cycles() {
    for (body, wanted) in [
        (&b"]\x94h\x00a."[..], "[[...]]"),
        (b"}\x94Nh\x00s.", "{None: {...}}"),
        // Tuples in themselves, as CPython writes them: t = ([t],) and t = ([t], 2, 3, 4).
        (b"]\x94h\x00\x85\x94a0h\x01.", "([(...)],)"),
        (
            b"(]\x94(h\x00K\x02K\x03K\x04t\x94a1h\x01.",
            "([(...)], 2, 3, 4)",
        ),
        // An object whose state, and one whose argument, is within itself.
        (b"cm\nC\n)\x81\x94h\x00b.", "m.C()"),
        (b"cm\nC\n]\x94\x85R\x94h\x00h\x01a0.", "m.C([...])"),
    ] {
        let value = parse(body).unwrap();
        assert_eq!(value.repr(99), wanted);
        for protocol in 2..=5 {
            let written = write(&value, protocol).unwrap();
            let back = read(&written, &Limits::default()).unwrap();
            assert!(back == value, "{wanted} at {protocol}: {written:02x?}");
        }
    }
    assert_eq!(shown(b"\x8f\x94(h\x00\x90."), "{set(...)}");
    // Frozensets can be within themselves by way of an object.
    let value = parse(b"(cm\nC\n)\x81\x94h\x00(h\x00\x91\x94b1h\x01.").unwrap();
    let written = write(&value, 4).unwrap();
    assert!(read(&written, &Limits::default()).unwrap() == value);
}

#[test]
fn what_python_would_execute_stays_a_description() {
    assert_eq!(shown(b"cos\nsystem\n\x8c\x02id\x85R."), "os.system('id')");
    assert_eq!(
        shown(b"\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."),
        "os.system('id')"
    );
    assert_eq!(shown(b"c__main__\nTask\n)\x81."), "__main__.Task()");
    assert_eq!(
        shown(b"c__main__\nTask\n)}\x92."),
        "__main__.Task(, **kwargs)"
    );
    let object = parse(b"cm\nC\n)\x81]a(NNeNNs(K\x01K\x02u}b.").unwrap();
    let Kind::Object(object) = object.kind() else {
        panic!("{object:?}")
    };
    let changes: Vec<Change> = object.changes().collect();
    assert!(matches!(
        changes[..],
        [
            Change::Append(_),
            Change::Append(_),
            Change::Append(_),
            Change::SetItem(..),
            Change::SetItem(..),
            Change::State(_)
        ]
    ));
    assert!(matches!(object.state().unwrap().kind(), Kind::Dict(_)));
    assert!(!object.is_call());
    // Python 2's names, at protocol 2 alone.
    let old = read(b"\x80\x02cexceptions\nKeyError\n)R.", &Limits::default()).unwrap();
    assert_eq!(old.as_call().unwrap().1, "KeyError");
    assert_eq!(old.repr(99), "KeyError()");
    assert_eq!(
        shown(b"cexceptions\nKeyError\n)R."),
        "exceptions.KeyError()"
    );
    for nonsense in [
        &b"N)R."[..],
        b"cm\nC\nNR.",
        b"cm\nC\n]\x81.",
        b"cm\nC\n)N\x92.",
        b"NN\x93.",
        b"]}b.",
        b"C\x01aC\x01b\x93.",
        b"\x8c\x02a\n\x8c\x01b\x93.",
    ] {
        assert!(
            matches!(parse(nonsense), Err(Error::Malformed { .. })),
            "{nonsense:?}"
        );
    }
}

#[test]
fn opcodes_that_would_need_more_than_data_are_refused() {
    // PERSID BINPERSID EXT1 EXT2 EXT4 NEXT_BUFFER READONLY_BUFFER, a second PROTO, and
    // what was never an opcode.
    let known =
        b"(.012LFSVldgpio\x95N\x88\x89JKMI\x8a\x8bGX\x8c\x8dCB\x8e\x96UT)t\x85\x86\x87]ae}su\x8f\x90\x91\
                  \x94qrhjc\x93R\x81\x92b";
    for opcode in 0..=255u8 {
        let result = parse(&[opcode]);
        let refused = matches!(result, Err(Error::Opcode { at: 2, .. }));
        assert_eq!(
            refused,
            !known.contains(&opcode),
            "{opcode:#04x}: {result:?}"
        );
    }
    for opcode in *b"PQ\x80\x82\x83\x84\x97\x98" {
        assert!(!known.contains(&opcode));
    }
}

#[test]
fn protocols() {
    for protocol in 2..=5 {
        assert_eq!(protocol_of(&[0x80, protocol, b'N', b'.']), protocol);
        assert!(
            read(&[0x80, protocol, b'N', b'.'], &Limits::default())
                .unwrap()
                .is_none()
        );
    }
    for protocol in [0, 1, 6, 255] {
        let result = read(&[0x80, protocol, b'N', b'.'], &Limits::default());
        assert_eq!(result.is_ok(), protocol < 2);
        assert_eq!(
            write(&Value::none(), protocol),
            Err(Error::Protocol(protocol))
        );
    }
    assert_eq!(read(b"N.", &Limits::default()), Ok(Value::none()));
    assert_eq!(
        read(b"", &Limits::default()),
        Err(Error::Truncated { at: 0 })
    );
}

#[test]
fn a_message_cut_anywhere_is_an_error_and_the_reader_lives_on() {
    let body =
        b"\x80\x04\x95\x23\0\0\0\0\0\0\0(\x8c\x03idx\x94\x8c\x03put\x94](\x8a\x09\0\0\0\0\0\0\0\
                 \x80\0G\x3f\xf8\0\0\0\0\0\0e\x85\x94}\x94t\x94.";
    let mut reader = Reader::default();
    assert_eq!(
        reader.read(body).unwrap().repr(999),
        "('idx', 'put', ([9223372036854775808, 1.5],), {})"
    );
    for end in 0..body.len() {
        assert!(reader.read(&body[..end]).is_err(), "{end}");
        assert!(reader.read(body).is_ok());
    }
    assert!(matches!(parse(b"N.N"), Err(Error::Malformed { .. })));
    assert!(matches!(parse(b"NN."), Err(Error::Malformed { .. })));
    assert!(matches!(parse(b"N(."), Err(Error::Malformed { .. })));
    assert!(matches!(parse(b"."), Err(Error::Malformed { .. })));
}

/// As Python 2.7 writes them.
#[test]
fn protocols_0_and_1_are_read() {
    let shown = |message: &[u8]| read(message, &Limits::default()).unwrap().repr(999);
    for (message, wanted) in [
        (&b"I01\n."[..], "True"),
        (b"I-5\n.", "-5"),
        (b"I12345678901234567890\n.", "12345678901234567890"),
        (
            b"L-1267650600228229401496703205376L\n.",
            "-1267650600228229401496703205376",
        ),
        (b"F1e+16\n.", "1e+16"),
        (b"F-inf\n.", "-inf"),
        (b"S'it\\'s \\xff\\n'\np0\n.", "\"it's \\xff\\n\""),
        (
            b"V\\u4e2d\xe9\\U0001f600\\x\np0\n.",
            "'\u{4e2d}\u{e9}\u{1f600}\\\\x'",
        ),
        (b"(lp0\nI1\naS'a'\np1\nag1\na.", "[1, 'a', 'a']"),
        (b"(dp0\nS'k'\np1\n(I1\nF2.5\ntp2\ns.", "{'k': (1, 2.5)}"),
        (b"(iqueue\nEmpty\np0\n(dp1\nb.", "queue.Empty()"),
        (b"(cm\nC\nK\x01o.", "m.C(1)"),
        (
            b"ccopy_reg\n_reconstructor\np0\n(cm\nTask\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n.",
            "m.Task()",
        ),
    ] {
        assert_eq!(shown(message), wanted, "{}", message.escape_ascii());
    }
    let digits = [vec![b'L'], vec![b'9'; 4300], b"L\n.".to_vec()].concat();
    assert!(read(&digits, &Limits::default()).is_ok());
    let beyond = [vec![b'L'], vec![b'9'; 4301], b"L\n.".to_vec()].concat();
    for refused in [
        &beyond[..],
        b"Iabc\n.",
        b"I\n.",
        b"Sabc\n.",
        b"V\\u12\n.",
        b"F\n.",
        b"gx\n.",
    ] {
        assert!(matches!(
            read(refused, &Limits::default()),
            Err(Error::Malformed { .. })
        ));
    }
}
