//! Python's `==`, `hash` and `<`, where they are easy to get wrong or to abuse.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use inert_pickle::semantics::{CompareError, Key, Work, equal, less, sort};
use inert_pickle::{Limits, Value, read};

fn parse(body: &[u8]) -> Value {
    read(&[b"\x80\x04", body].concat(), &Limits::default()).unwrap()
}

fn key(value: &Value) -> Result<Key, CompareError> {
    Key::new(value.clone(), &mut Work::default())
}

fn call(module: &str, name: &str, args: &[Value]) -> Value {
    Value::call(&Value::global(module, name), args)
}

fn decimal(text: &str) -> Value {
    call("decimal", "Decimal", &[text.into()])
}

/// Equal, with equal keys where both are keys.
fn assert_same(left: &Value, right: &Value, same: bool) {
    assert_eq!(left.equals(right), Ok(same), "{left:?} == {right:?}");
    assert_eq!(right.equals(left), Ok(same), "{right:?} == {left:?}");
    if let (Ok(a), Ok(b)) = (key(left), key(right)) {
        assert_eq!(a == b, same, "keys {left:?}, {right:?}");
    }
}

#[test]
fn numbers_are_equal_by_their_exact_value() {
    let power = |shift: usize| Value::long(&[vec![0; shift / 8], vec![1, 0]].concat());
    let ones: [Value; 7] = [
        1.into(),
        true.into(),
        1.0.into(),
        decimal("1.00"),
        call("fractions", "Fraction", &[1.into(), 1.into()]),
        call("fractions", "Fraction", &["1/1".into()]),
        call("builtins", "complex", &[1.0.into(), (-0.0).into()]),
    ];
    for one in &ones {
        ones.iter().for_each(|other| assert_same(one, other, true));
        assert_same(one, &"1".into(), false);
        assert_same(
            one,
            &call("builtins", "complex", &[1.0.into(), 1.0.into()]),
            false,
        );
    }
    let beyond = 9_007_199_254_740_993i64;
    assert_same(&beyond.into(), &((beyond - 1) as f64).into(), false);
    assert_same(&power(80), &2f64.powi(80).into(), true);
    assert_same(&decimal("1208925819614629174706176"), &power(80), true);
    assert_same(&decimal("0.1"), &0.1.into(), false);
    assert_same(
        &decimal("0.1"),
        &call("fractions", "Fraction", &[2.into(), 20.into()]),
        true,
    );
    assert_same(&0.0.into(), &(-0.0).into(), true);
    assert_same(&decimal("-Infinity"), &f64::NEG_INFINITY.into(), true);
    assert_same(&f64::NAN.into(), &f64::NAN.into(), false);
    assert_same(&decimal("NaN"), &decimal("NaN"), false);
}

#[test]
fn decimals_with_huge_exponents_cost_nothing() {
    let mut work = Work::new(10_000);
    for text in ["1E999999999", "1E-999999999", "1E+400000"] {
        let value = decimal(text);
        assert!(equal(&value, &decimal(text), &mut work).unwrap());
        assert!(!equal(&value, &5.into(), &mut work).unwrap());
        assert!(Key::new(value, &mut work).is_ok());
    }
}

#[test]
fn types_that_python_holds_equal_are_equal() {
    let (one, two): (Value, Value) = (1.into(), 2.into());
    assert_same(&Value::bytes(b"a"), &Value::bytearray(b"a"), true);
    assert_same(&Value::bytes(b"a"), &"a".into(), false);
    assert_same(
        &Value::set([&one, &two]),
        &Value::frozenset([&two, &one]),
        true,
    );
    assert_same(&Value::tuple([&one]), &Value::list([&one]), false);
    let point = Value::instance(
        &Value::global("m", "Point"),
        &[one.clone(), 2.0.into()],
        None,
    );
    assert_same(&point, &Value::tuple([&one, &two]), true);
    assert_same(
        &Value::dict([(&one, &two), (&two, &one)]),
        &Value::dict([(&two, &one), (&one, &two)]),
        true,
    );
    // What is neither text for Python 3 is bytes.
    assert_same(&parse(b"U\x01a."), &"a".into(), true);
    assert_same(&parse(b"U\x01\xff."), &Value::bytes(b"\xff"), true);
    let range = |stop: i64| call("builtins", "range", &[0.into(), stop.into(), 2.into()]);
    assert_same(&range(3), &range(4), true);
    assert_same(&range(4), &range(5), false);
}

#[test]
fn instances_are_equal_when_they_are_written_the_same() {
    let task = |number: i64| {
        let state = Value::dict([(&"number".into(), &number.into())]);
        Value::instance(&Value::global("m", "Task"), &[], Some(&state))
    };
    assert_same(&task(1), &task(1), true);
    assert_same(&task(1), &task(2), false);
    assert!(key(&task(1)).is_ok());
}

/// After those that NumPy 2.4 writes at protocol 4.
#[test]
fn numpy_scalars_are_their_numbers() {
    let scalar = |module: &str, code: &str, order: &str, data: &[u8]| {
        let dtype = Value::global("numpy", "dtype");
        let state = [3.into(), order.into(), Value::none()];
        let none = [false.into(), true.into()];
        let [a, b] = none;
        let built = Value::instance(&dtype, &[code.into(), a, b], Some(&Value::tuple(&state)));
        call(module, "scalar", &[built, Value::bytes(data)])
    };
    let (old, new) = ("numpy.core.multiarray", "numpy._core.multiarray");
    assert_same(
        &scalar(new, "i8", "<", &[5, 0, 0, 0, 0, 0, 0, 0]),
        &5.into(),
        true,
    );
    assert_same(&scalar(old, "i4", ">", &[0, 0, 0, 5]), &5.0.into(), true);
    assert_same(
        &scalar(new, "f4", "<", &1.5f32.to_le_bytes()),
        &1.5.into(),
        true,
    );
    assert_same(&scalar(new, "f2", "<", &[0, 0x3e]), &1.5.into(), true);
    assert_same(&scalar(new, "b1", "|", &[1]), &true.into(), true);
    assert_same(
        &scalar(new, "U2", "<", b"a\0\0\0b\0\0\0"),
        &"ab".into(),
        true,
    );
    assert_eq!(
        scalar(new, "i4", "<", &[4, 0, 0, 0]).less_than(&5.into()),
        Ok(true)
    );
}

#[test]
fn what_cannot_be_a_key_is_python_s_type_error() {
    let unhashable = |value: &Value| key(value).unwrap_err().to_string();
    let list = Value::list([]);
    assert_eq!(unhashable(&list), "unhashable type: 'list'");
    assert_eq!(unhashable(&Value::dict([])), "unhashable type: 'dict'");
    assert_eq!(unhashable(&Value::set([])), "unhashable type: 'set'");
    assert_eq!(
        unhashable(&Value::bytearray(b"")),
        "unhashable type: 'bytearray'"
    );
    assert_eq!(
        unhashable(&Value::tuple([&1.into(), &Value::tuple([&list])])),
        "unhashable type: 'list'"
    );
    let deque = call("collections", "deque", &[]);
    assert_eq!(unhashable(&deque), "unhashable type: 'collections.deque'");
    assert!(key(&Value::frozenset([&1.into()])).is_ok());
}

#[test]
fn shared_values_are_looked_at_once() {
    // Each tuple holds the one before twice: 2^5000 leaves.
    let laughs =
        |end: &[u8]| parse(&[b"K\x01\x8c\x03lol\x86", &*b"2\x86".repeat(5000), end].concat());
    let (one, same, other) = (laughs(b"."), laughs(b"."), laughs(b"K\x01\x86."));
    let mut work = Work::new(4 << 20);
    assert!(equal(&one, &same, &mut work).unwrap());
    assert!(!equal(&one, &other, &mut work).unwrap());
    assert!(!less(&one, &same, &mut work).unwrap());
    let same_key = Key::new(one, &mut work).unwrap() == Key::new(same, &mut work).unwrap();
    assert!(same_key);
}

#[test]
fn work_is_bounded_in_bytes() {
    let text = "x".repeat(1 << 20);
    let (one, other) = (Value::from(&*text), Value::from(&*text));
    let mut work = Work::new(1 << 20);
    assert_eq!(equal(&one, &other, &mut work), Ok(true));
    assert_eq!(work.spent(), 1 << 20);
    assert_eq!(
        equal(&one, &other, &mut work),
        Err(CompareError::TooLarge { limit: 1 << 20 })
    );
    // However it comes, a long text is not read again at each place without being charged.
    let pairs = [
        b"(".to_vec(),
        b"X\0\0\x10\0".to_vec(),
        text.clone().into_bytes(),
        b"\x94".to_vec(),
        b"h\x00".repeat(5000),
        b"t.".to_vec(),
    ]
    .concat();
    let (one, other) = (parse(&pairs), parse(&pairs));
    let mut work = Work::new(16 << 20);
    assert_eq!(equal(&one, &other, &mut work), Ok(true));
}

#[test]
fn cyclic_values_are_compared_by_their_shape() {
    let cycle = || parse(b"]\x94h\x00a.");
    assert_eq!(cycle().equals(&cycle()), Ok(true));
    assert_eq!(cycle().less_than(&cycle()), Ok(false));
    assert_eq!(cycle().equals(&parse(b"]\x94K\x01a.")), Ok(false));
    // An object that knows itself is a key.
    let object = || parse(b"cm\nC\n)\x81\x94}\x8c\x04selfh\x00sb.");
    assert_eq!(key(&object()), key(&object()));
    assert_eq!(object().equals(&object()), Ok(true));
}

#[test]
fn sorting_is_stable_and_a_failure_changes_nothing() {
    let pair = |a: i64, b: &str| Value::tuple([&a.into(), &b.into()]);
    let mut values: Vec<Value> = (0..100).map(|n| pair(99 - n, "x")).collect();
    sort(&mut values, false, &mut Work::default()).unwrap();
    assert_eq!(values[0], pair(0, "x"));
    assert_eq!(values[99], pair(99, "x"));

    // Equal, and yet to be told apart.
    let mut equals = [1.into(), true.into(), Value::from(1.0), 0.into()];
    sort(&mut equals, false, &mut Work::default()).unwrap();
    assert_eq!(equals, [0.into(), 1.into(), true.into(), Value::from(1.0)]);
    sort(&mut equals, true, &mut Work::default()).unwrap();
    assert_eq!(equals, [1.into(), true.into(), Value::from(1.0), 0.into()]);

    let before = [3.into(), 2.into(), Value::from("a"), 1.into()];
    let mut values = before.clone();
    let error = sort(&mut values, false, &mut Work::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "'<' not supported between instances of 'str' and 'int'"
    );
    assert_eq!(values, before);
}
