//! Values as Python's: shown, compared, true or false; and plain data by way of serde.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use inert_pickle::{Composer, Kind, Value, from_value, to_value, write};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

#[test]
fn floats_are_shown_as_python_shows_them() {
    for (value, wanted) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.5e300, "1.5e+300"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.25e-7, "1.25e-07"),
        (123_456_789.125, "123456789.125"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ] {
        assert_eq!(Value::from(value).repr(99), wanted);
    }
}

#[test]
fn text_is_shown_as_python_shows_it() {
    for (text, wanted) in [
        ("", "''"),
        ("it's", "\"it's\""),
        ("\"it's\"", "'\"it\\'s\"'"),
        ("a\\b\n\t\r\0\x7f", "'a\\\\b\\n\\t\\r\\x00\\x7f'"),
        ("é中😀", "'é中😀'"),
        ("e\u{301}", "'e\u{301}'"),
        ("\u{a0}\u{200b}\u{2028}", "'\\xa0\\u200b\\u2028'"),
        ("\u{e0001}", "'\\U000e0001'"),
    ] {
        assert_eq!(Value::from(text).repr(99), wanted);
    }
    assert_eq!(Value::bytes(b"it's \xff\n").repr(99), "b\"it's \\xff\\n\"");
    assert_eq!(Value::from("abcdef").repr(4), "'abc");
    assert_eq!(Value::from("中中中中").repr(3), "'中中");
    let items: Vec<Value> = (0..1000).map(Value::from).collect();
    assert_eq!(Value::list(&items).repr(10), "[0, 1, 2, ");
    assert_eq!(Value::tuple(&items[..1]).repr(10), "(0,)");
}

#[test]
fn truth_is_python_s() {
    for value in [
        Value::none(),
        false.into(),
        0.into(),
        0.0.into(),
        (-0.0).into(),
        "".into(),
        Value::bytes(b""),
        Value::tuple([]),
        Value::list([]),
        Value::dict([]),
        Value::set([]),
    ] {
        assert!(!value.is_truthy(), "{value:?}");
    }
    let object = Value::call(&Value::global("m", "f"), &[]);
    for value in [
        true.into(),
        (-1).into(),
        f64::NAN.into(),
        "0".into(),
        Value::list([&Value::none()]),
        object,
    ] {
        assert!(value.is_truthy(), "{value:?}");
    }
}

fn tuple(items: &[Value]) -> Value {
    Value::tuple(items)
}

#[test]
fn order_is_python_s() {
    let big = Value::long(&[0, 0, 0, 0, 0, 0, 0, 0, 1]);
    let less: &[(Value, Value)] = &[
        (1.into(), 2.into()),
        (false.into(), 1.into()),
        (1.into(), 1.5.into()),
        (1.5.into(), 2.into()),
        ((-2).into(), (-1.5).into()),
        (f64::NEG_INFINITY.into(), i64::MIN.into()),
        (9_007_199_254_740_992.0.into(), 9_007_199_254_740_993.into()),
        (i64::MAX.into(), 9_223_372_036_854_775_808.0.into()),
        (i64::MAX.into(), big.clone()),
        (18_446_744_073_709_550_000.0.into(), big.clone()),
        (big.clone(), 18_446_744_073_709_555_000.0.into()),
        (big, f64::INFINITY.into()),
        ("a".into(), "b".into()),
        ("a".into(), "aa".into()),
        ("\u{ffff}".into(), "\u{10000}".into()),
        (Value::bytes(b"a"), Value::bytearray(b"b")),
        (
            tuple(&[1.into(), "b".into()]),
            tuple(&[2.into(), "a".into()]),
        ),
        (
            tuple(&[1.into(), "a".into()]),
            tuple(&[1.0.into(), "b".into()]),
        ),
        (tuple(&[1.into()]), tuple(&[1.into(), Value::none()])),
        (
            tuple(&[tuple(&[1.into()]), 5.into()]),
            tuple(&[tuple(&[2.into()]), 1.into()]),
        ),
        (Value::list(&[1.into()]), Value::list(&[2.into()])),
        (
            tuple(&[Value::none(), 1.into()]),
            tuple(&[Value::none(), 2.into()]),
        ),
        (
            tuple(&[1.into(), Value::none()]),
            tuple(&[2.into(), Value::dict([])]),
        ),
    ];
    for (low, high) in less {
        assert_eq!(low.less_than(high), Ok(true), "{low:?} < {high:?}");
        assert_eq!(high.less_than(low), Ok(false), "{high:?} < {low:?}");
        assert_eq!(low.less_than(low), Ok(false), "{low:?} < itself");
    }
    assert_eq!(Value::from(f64::NAN).less_than(&1.into()), Ok(false));
    assert_eq!(Value::from(1).less_than(&f64::NAN.into()), Ok(false));
}

#[test]
fn what_python_cannot_compare_is_its_type_error() {
    let error = |low: &Value, high: &Value| low.less_than(high).unwrap_err().to_string();
    let wanted = |low, high| format!("'<' not supported between instances of '{low}' and '{high}'");
    let dict = Value::dict([]);
    let task = Value::instance(&Value::global("m", "Task"), &[], None);
    assert_eq!(error(&1.into(), &"a".into()), wanted("int", "str"));
    assert_eq!(error(&Value::none(), &1.into()), wanted("NoneType", "int"));
    assert_eq!(error(&dict, &dict.clone()), wanted("dict", "dict"));
    assert_eq!(
        error(&tuple(&[]), &Value::list([])),
        wanted("tuple", "list")
    );
    let pair = |second: &Value| tuple(&[1.into(), second.clone()]);
    let other = Value::instance(&Value::global("m", "Task"), &[1.into()], None);
    assert_eq!(error(&pair(&task), &pair(&other)), wanted("Task", "Task"));
    assert_eq!(
        error(&pair(&"a".into()), &pair(&2.into())),
        wanted("str", "int")
    );
    // One object is the same as itself, whatever it is.
    let shared = tuple(&[task.clone(), 1.into()]);
    assert_eq!(shared.less_than(&shared), Ok(false));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Empty,
    Circle(f64),
    Line(i32, i32),
    Box { width: u8, name: String },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Task {
    number: i64,
    wide: (u64, i128, u128),
    label: Option<String>,
    missing: Option<u8>,
    data: ByteBuf,
    shapes: Vec<Shape>,
    table: BTreeMap<String, Vec<f64>>,
    letter: char,
    unit: (),
}

#[test]
fn plain_data_goes_there_and_back() {
    let task = Task {
        number: -5,
        wide: (u64::MAX, i128::MIN, u128::MAX),
        label: Some("l".to_owned()),
        missing: None,
        data: ByteBuf::from(b"\0\xff"),
        shapes: vec![
            Shape::Empty,
            Shape::Circle(0.5),
            Shape::Line(1, 2),
            Shape::Box {
                width: 3,
                name: "b".to_owned(),
            },
        ],
        table: BTreeMap::from([("k".to_owned(), vec![1.0, 2.5])]),
        letter: '中',
        unit: (),
    };
    let value = to_value(&task).unwrap();
    assert_eq!(
        value.repr(999),
        "{'number': -5, 'wide': (18446744073709551615, -170141183460469231731687303715884105728, \
         340282366920938463463374607431768211455), 'label': 'l', 'missing': None, \
         'data': b'\\x00\\xff', 'shapes': ['Empty', {'Circle': 0.5}, {'Line': (1, 2)}, \
         {'Box': {'width': 3, 'name': 'b'}}], 'table': {'k': [1.0, 2.5]}, 'letter': '中', 'unit': None}"
    );
    assert_eq!(from_value::<Task>(&value).unwrap(), task);
    for protocol in 2..=5 {
        let written = write(&value, protocol).unwrap();
        let read = inert_pickle::read(&written, &Default::default()).unwrap();
        assert_eq!(from_value::<Task>(&read).unwrap(), task, "at {protocol}");
    }
}

#[test]
fn sequences_and_numbers_of_every_kind_are_read_as_such() {
    let numbers = [1.into(), 2.into()];
    for value in [
        Value::list(&numbers),
        Value::tuple(&numbers),
        Value::set(&numbers),
        Value::frozenset(&numbers),
    ] {
        assert_eq!(from_value::<Vec<u8>>(&value).unwrap(), [1, 2]);
        assert_eq!(
            from_value::<BTreeSet<i64>>(&value).unwrap(),
            BTreeSet::from([1, 2])
        );
        assert_eq!(from_value::<(f64, f64)>(&value).unwrap(), (1.0, 2.0));
    }
    let by_number = Value::dict([(&numbers[0], &numbers[1])]);
    assert_eq!(
        from_value::<HashMap<i32, u64>>(&by_number).unwrap(),
        HashMap::from([(1, 2)])
    );
    assert_eq!(from_value::<f32>(&2.into()).unwrap(), 2.0);
    assert_eq!(
        from_value::<ByteBuf>(&Value::bytearray(b"ab")).unwrap(),
        b"ab"
    );
    assert!(from_value::<()>(&Value::none()).is_ok());
}

#[test]
fn what_does_not_fit_is_an_error_that_says_what() {
    let error = |value: &Value| from_value::<u8>(value).unwrap_err().to_string();
    assert!(error(&256.into()).contains("256"), "{}", error(&256.into()));
    assert!(
        error(&"a".into()).contains("string"),
        "{}",
        error(&"a".into())
    );
    assert_eq!(
        error(&Value::global("m", "f")),
        "m.f is a name, not plain data"
    );
    let object = Value::call(&Value::global("datetime", "date"), &[]);
    assert!(error(&object).contains("object"), "{}", error(&object));
    assert!(from_value::<i64>(&Value::long(&[1; 40])).is_err());
    assert!(from_value::<Shape>(&"Round".into()).is_err());
    let missing = to_value(&BTreeMap::from([("number", 1)])).unwrap();
    assert!(
        from_value::<Task>(&missing)
            .unwrap_err()
            .to_string()
            .contains("missing field")
    );
}

#[test]
fn values_made_of_others_keep_what_these_share() {
    let inner = Value::list(&[1.into()]);
    let outer = Value::tuple([&inner, &inner]);
    let Kind::Tuple(items) = outer.kind() else {
        panic!()
    };
    assert!(items.get(0).unwrap().is(&items.get(1).unwrap()));
    assert_ne!(outer, Value::tuple([&inner, &inner.detach()]));
    // Written once, and fetched.
    assert_eq!(write(&outer, 4).unwrap(), b"\x80\x04]\x94K\x01ah\x00\x86.");
    assert_eq!(write(&outer, 2).unwrap(), b"\x80\x02]q\x00K\x01ah\x00\x86.");
}

#[test]
fn a_composer_writes_once_what_comes_again() {
    let (item, other) = (Value::list([&1.into()]), Value::list([&2.into()]));
    let items = [item.clone(), other, item];
    for protocol in 2..=5 {
        let mut out = Vec::new();
        Composer::write(&mut out, protocol, |pickle| {
            pickle.list(|list| items.iter().try_for_each(|item| list.value(item)))
        })
        .unwrap();
        let read = inert_pickle::read(&out, &Default::default()).unwrap();
        let parts: Vec<Value> = read.as_sequence().unwrap().collect();
        assert!(parts[0].is(&parts[2]) && !parts[0].is(&parts[1]));
        assert_eq!(read.repr(99), "[[1], [2], [1]]");
    }
}

#[test]
fn names_follow_the_protocol() {
    let at = |module, name, protocol| write(&Value::global(module, name), protocol).unwrap();
    assert_eq!(
        at("builtins", "ValueError", 2),
        b"\x80\x02cexceptions\nValueError\n."
    );
    assert_eq!(
        at("builtins", "Exception", 2),
        b"\x80\x02cexceptions\nException\n."
    );
    assert_eq!(
        at("builtins", "FileNotFoundError", 2),
        b"\x80\x02cexceptions\nOSError\n."
    );
    assert_eq!(at("builtins", "dict", 2), b"\x80\x02c__builtin__\ndict\n.");
    assert_eq!(
        at("builtins", "range", 2),
        b"\x80\x02c__builtin__\nxrange\n."
    );
    assert_eq!(at("queue", "Full", 2), b"\x80\x02cQueue\nFull\n.");
    assert_eq!(
        at("collections", "OrderedDict", 2),
        b"\x80\x02ccollections\nOrderedDict\n."
    );
    assert_eq!(at("queue", "Full", 3), b"\x80\x03cqueue\nFull\n.");
    assert_eq!(
        at("queue", "Full", 5),
        b"\x80\x05\x8c\x05queue\x8c\x04Full\x93."
    );
    assert_eq!(
        at("m", "A.B.C", 3),
        b"\x80\x03cbuiltins\ngetattr\ncbuiltins\ngetattr\ncm\nA\nX\x01\0\0\0B\x86RX\x01\0\0\0C\x86R."
    );
    assert!(write(&Value::global("m", "é"), 2).is_err());
    assert!(write(&Value::global("m", "é"), 3).is_ok());
    assert!(write(&Value::global("m\nos", "system"), 3).is_err());
}

#[test]
fn a_failed_writing_leaves_the_buffer_as_it_was() {
    let mut out = b"kept".to_vec();
    let value = Value::tuple([&1.into(), &Value::global("m", "é")]);
    assert!(inert_pickle::write_into(&mut out, &value, 2).is_err());
    assert_eq!(out, b"kept");
}

#[test]
fn a_text_alone_takes_little_more_than_its_bytes() {
    for text in ["a".to_owned(), "b".repeat(1_000)] {
        let list = Value::list(&[text.as_str().into(), Value::bytes(text.as_bytes())]);
        let parts = list.as_sequence().unwrap().map(|part| part.detach());
        for value in parts.chain([text.as_str().into(), Value::bytes(text.as_bytes())]) {
            let besides = value.memory() - text.len();
            assert!(besides <= 112, "{besides} bytes besides {value:?}");
        }
    }
}

#[test]
fn a_proxy_of_a_manager_shows_itself_as_in_python() {
    let managers = |name| Value::global("multiprocessing.managers", name);
    let proxy = |class, typeid: Value| {
        let state = Value::tuple([&typeid, &Value::none(), &"7f00".into()]);
        let token = Value::instance(&managers("Token"), &[], Some(&state));
        let args = [managers(class), token, "pickle".into(), Value::dict([])];
        Value::call(&managers("RebuildProxy"), &args)
    };
    for (proxy, shown) in [
        (
            proxy("ListProxy", "list".into()),
            "[<ListProxy object, typeid 'list' at 0x7f00>]",
        ),
        (
            proxy("AutoProxy", "Queue".into()),
            "[<AutoProxy[Queue] object, typeid 'Queue' at 0x7f00>]",
        ),
        // What has another form is shown as what it is.
        (
            proxy("ListProxy", 5.into()),
            "[multiprocessing.managers.RebuildProxy(",
        ),
    ] {
        let all = Value::list(&[proxy]).repr(999);
        assert!(all.starts_with(shown), "{all}");
    }
}
