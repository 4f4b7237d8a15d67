//! `dict`: what its memory and its iterators have to bear.

use super::types::{connect, make, manager, proxy};
use super::*;

/// Values of every kind that is kept in its own way.
fn kinds(server: &Server) -> Vec<Value> {
    let list = make(server, "list", &[]);
    vec![
        "short".into(),
        "longer than what is kept in place".into(),
        "x".repeat(1_000).as_str().into(),
        7.into(),
        Value::bytes(b"bytes"),
        Value::tuple(&["a".into(), proxy("ListProxy", &list)]),
    ]
}

#[test]
fn what_goes_out_of_a_dict_gives_its_memory_back() {
    let server = manager(Limits::default());
    let values = kinds(&server);
    let dict = make(&server, "dict", &[]);
    let mut raw = connect(&server);
    let empty = server.memory();
    let ways: [(&str, bool); 4] = [
        ("__delitem__", true),
        ("pop", true),
        ("popitem", false),
        ("clear", false),
    ];
    for (method, by_key) in ways {
        for (key, value) in values.iter().zip(values.iter().rev()) {
            let before = server.memory();
            raw.ask(Some(&dict), "__setitem__", &[key.clone(), value.clone()]);
            assert!(server.memory() > before + key.memory() / 2);
        }
        // Each is replaced by one of another kind. (None is its own key: what is
        // shared within a message takes a little more.)
        let full = server.memory();
        for (key, value) in values.iter().zip(values.iter().cycle().skip(1)) {
            raw.ask(Some(&dict), "__setitem__", &[key.clone(), value.clone()]);
        }
        assert_eq!(server.memory(), full, "{method}");
        for key in &values {
            let args = if by_key { vec![key.clone()] } else { vec![] };
            raw.send(Some(&dict), method, &args);
            assert_eq!(raw.reply().0, "#RETURN", "{method} {key:?}");
        }
        assert_eq!(server.memory(), empty, "{method}");
    }
}

/// The dict has closed its gaps meanwhile.
#[test]
fn an_iterator_goes_on_behind_the_key_that_it_gave_last() {
    let server = manager(Limits::default());
    let pairs: Vec<Value> = (0..100)
        .map(|n| Value::tuple(&[n.into(), n.into()]))
        .collect();
    let dict = make(&server, "dict", &[Value::list(&pairs)]);
    let mut raw = connect(&server);
    raw.send(Some(&dict), "__iter__", &[]);
    let reply = raw.receive().unwrap().unwrap();
    let proxy = Reply::of(&reply).unwrap().value;
    let token = proxy.as_sequence().unwrap().get(1).unwrap();
    let iterator = crate::object::ident_of_token(&token).unwrap();
    for n in 0..60 {
        assert_eq!(raw.ask(Some(&iterator), "__next__", &[]), n.into());
    }
    // Away, and back behind all others: there are as many as before.
    for n in 0..=90 {
        raw.ask(Some(&dict), "__delitem__", &[n.into()]);
    }
    for n in 0..=90 {
        raw.ask(Some(&dict), "__setitem__", &[n.into(), n.into()]);
    }
    for n in (91..100).chain(0..=90) {
        assert_eq!(raw.ask(Some(&iterator), "__next__", &[]), n.into());
    }
    raw.send(Some(&iterator), "__next__", &[]);
    assert_eq!(raw.reply().1, "StopIteration()");
}
