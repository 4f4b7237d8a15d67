//! `set`, which no recorded Python has: against what Python's own does.

use super::types::{connect, make, manager, proxy};
use super::*;

fn set(of: &[i64]) -> Value {
    Value::set(&of.iter().map(|n| (*n).into()).collect::<Vec<_>>())
}

fn list(of: &[i64]) -> Value {
    Value::list(&of.iter().map(|n| (*n).into()).collect::<Vec<_>>())
}

#[test]
fn a_set_does_what_pythons_does() {
    let server = manager(Limits::default());
    let ident = make(&server, "set", &[list(&[1, 2, 3, 2])]);
    let other = make(&server, "set", &[list(&[3, 4])]);
    let mut client = connect(&server);
    let mut says = |method: &str, args: &[Value]| {
        client.send(Some(&ident), method, args);
        let (kind, text) = client.reply();
        match &kind[..] {
            "#RETURN" => text,
            kind => format!("{kind} {text}"),
        }
    };
    let ours = || proxy("SetProxy", &other);
    for (method, args, reply) in [
        ("__len__", vec![], "3"),
        ("__contains__", vec![2.into()], "True"),
        ("__contains__", vec![2.5.into()], "False"),
        ("__and__", vec![set(&[2, 3, 9])], "{2, 3}"),
        ("__and__", vec![ours()], "{3}"),
        ("__or__", vec![set(&[3, 9])], "{1, 2, 3, 9}"),
        ("__sub__", vec![set(&[1])], "{2, 3}"),
        ("__rsub__", vec![set(&[1, 9])], "{9}"),
        ("__xor__", vec![set(&[1, 9])], "{2, 3, 9}"),
        ("__ror__", vec![set(&[9])], "{9, 1, 2, 3}"),
        ("union", vec![list(&[7]), list(&[8, 1])], "{1, 2, 3, 7, 8}"),
        ("intersection", vec![list(&[1, 2]), list(&[2])], "{2}"),
        ("difference", vec![list(&[1]), list(&[2])], "{3}"),
        ("symmetric_difference", vec![list(&[1, 1, 9])], "{2, 3, 9}"),
        ("issubset", vec![list(&[1, 2, 3, 4])], "True"),
        ("issuperset", vec![list(&[1, 1])], "True"),
        ("isdisjoint", vec![list(&[4])], "True"),
        ("__le__", vec![set(&[1, 2, 3])], "True"),
        ("__lt__", vec![set(&[1, 2, 3])], "False"),
        ("__gt__", vec![set(&[1, 2])], "True"),
        ("__ge__", vec![set(&[1, 4])], "False"),
        ("copy", vec![], "{1, 2, 3}"),
        ("__repr__", vec![], "{1, 2, 3}"),
        ("__iter__", vec![], "iter([1, 2, 3])"),
        // It takes sets alone, and leaves the rest to the client.
        ("__and__", vec![list(&[1])], "<class 'NotImplemented'>"),
        ("__le__", vec![list(&[1])], "<class 'NotImplemented'>"),
        ("add", vec![5.into()], "None"),
        ("discard", vec![77.into()], "None"),
        ("remove", vec![77.into()], "#ERROR KeyError(77)"),
        (
            "add",
            vec![list(&[])],
            "#ERROR TypeError(\"unhashable type: 'list'\")",
        ),
        (
            "update",
            vec![5.into()],
            "#ERROR TypeError(\"'int' object is not iterable\")",
        ),
        ("__iand__", vec![set(&[1, 2, 5])], "None"),
        ("__ior__", vec![ours()], "None"),
        ("__ixor__", vec![set(&[1, 9])], "None"),
        ("__isub__", vec![set(&[9])], "None"),
        ("#GETVALUE", vec![], "{2, 5, 3, 4}"),
        (
            "intersection_update",
            vec![list(&[2, 3]), list(&[3])],
            "None",
        ),
        ("pop", vec![], "3"),
        ("pop", vec![], "#ERROR KeyError('pop from an empty set')"),
        ("__repr__", vec![], "set()"),
        ("update", vec![list(&[1]), list(&[2])], "None"),
        ("clear", vec![], "None"),
        ("__len__", vec![], "0"),
        // A set is looked for as the frozenset of the same.
        ("add", vec![Value::frozenset(&[1.into()])], "None"),
        ("__contains__", vec![set(&[1])], "True"),
        ("remove", vec![set(&[1])], "None"),
        (
            "add",
            vec![1.into(), 2.into()],
            "#ERROR TypeError('set.add() takes exactly one argument (2 given)')",
        ),
    ] {
        assert_eq!(says(method, &args), reply, "{method} {args:?}");
    }
    let mut raw = Raw::greeted(&server);
    raw.send(None, "create", &["set".into(), 5.into()]);
    assert!(
        raw.reply()
            .1
            .contains("TypeError: 'int' object is not iterable")
    );
    let mut raw = Raw::greeted(&server);
    raw.send(None, "create", &["set".into(), list(&[]), list(&[])]);
    assert!(
        raw.reply()
            .1
            .contains("set expected at most 1 argument, got 2")
    );
}
