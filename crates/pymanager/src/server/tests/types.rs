//! The types of a SyncManager, against clients that die or mean ill.

use super::*;

/// A manager of no names of its own.
pub(super) fn manager(limits: Limits) -> Server {
    Manager::new(key())
        .limits(limits)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap()
}

/// Makes an object: its identifier.
pub(super) fn make(server: &Server, class: &str, args: &[Value]) -> String {
    let mut all = vec![Value::from(class)];
    all.extend_from_slice(args);
    let created = Raw::greeted(server).ask(None, "create", &all);
    let ident = created.as_sequence().unwrap().get(0).unwrap();
    ident.as_str().unwrap().to_string()
}

/// A connection for methods.
pub(super) fn connect(server: &Server) -> Raw {
    let mut raw = Raw::greeted(server);
    raw.ask(None, "accept_connection", &["raw".into()]);
    raw
}

/// The proxy of an object, as it travels.
pub(super) fn proxy(class: &str, ident: &str) -> Value {
    let address = Value::tuple(&["127.0.0.1".into(), 5000.into()]);
    let token = Value::instance(
        &Value::global("multiprocessing.managers", "Token"),
        &[],
        Some(&Value::tuple(&["list".into(), address, ident.into()])),
    );
    Value::call(
        &Value::global("multiprocessing.managers", "RebuildProxy"),
        &[
            Value::global("multiprocessing.managers", class),
            token,
            "pickle".into(),
            Value::dict([]),
        ],
    )
}

pub(super) fn forget(server: &Server, ident: &str) {
    Raw::greeted(server).ask(None, "decref", &[ident.into()]);
}

pub(super) fn objects(server: &Server) -> i64 {
    let count = Raw::greeted(server).ask(None, "number_of_objects", &[]);
    count.as_i64().unwrap()
}

#[test]
fn what_a_dead_client_held_is_free_and_the_first_in_line_gets_it() {
    let server = manager(Limits::default());
    for (class, call) in [
        ("Lock", "acquire"),
        ("RLock", "acquire"),
        ("Condition", "acquire"),
    ] {
        let lock = make(&server, class, &[]);
        let mut holder = connect(&server);
        assert!(holder.ask(Some(&lock), call, &[]).is_truthy());
        // Three wait, one after the other; the first dies in the line.
        let mut waiting: Vec<Raw> = Vec::new();
        for _ in 0..3 {
            let mut raw = connect(&server);
            raw.send(Some(&lock), call, &[]);
            // In line, when nobody else can overtake.
            let mut late = connect(&server);
            assert!(!late.ask(Some(&lock), call, &[false.into()]).is_truthy());
            waiting.push(raw);
        }
        drop(waiting.remove(0));
        drop(holder);
        let mut second = waiting.remove(0);
        assert!(second.receive().unwrap().is_some(), "{class}");
        let mut late = connect(&server);
        assert!(!late.ask(Some(&lock), call, &[false.into()]).is_truthy());
        second.ask(Some(&lock), "release", &[]);
        assert!(waiting[0].receive().unwrap().is_some());
        // No stranger is taken for the dead one.
        late.send(Some(&lock), "release", &[]);
        if class != "Lock" {
            assert!(late.reply().1.contains("cannot release un-acquired lock"));
        }
    }
}

#[test]
fn who_waits_and_goes_is_forgotten() {
    let server = manager(Limits::default());
    let barrier = make(&server, "Barrier", &[2.into()]);
    let event = make(&server, "Event", &[]);
    let condition = make(&server, "Condition", &[]);
    let waiting = |ident: &str, method: &str| {
        let mut raw = connect(&server);
        raw.send(Some(ident), method, &[]);
        raw
    };
    let mut here = connect(&server);
    let mut asked = |ident: &str, method: &str, args: &[Value]| here.ask(Some(ident), method, args);
    let gone = waiting(&barrier, "wait");
    let name = ["n_waiting".into()];
    until("one waits", || {
        asked(&barrier, "__getattribute__", &name).as_i64() == Some(1)
    });
    drop(gone);
    until("nobody waits", || {
        asked(&barrier, "__getattribute__", &name).as_i64() == Some(0)
    });
    // It takes two more.
    let mut first = waiting(&barrier, "wait");
    until("one waits", || {
        asked(&barrier, "__getattribute__", &name).as_i64() == Some(1)
    });
    assert_eq!(asked(&barrier, "wait", &[]).as_i64(), Some(1));
    assert!(first.receive().unwrap().is_some());

    drop(waiting(&event, "wait"));
    let mut waits = waiting(&event, "wait");
    asked(&event, "set", &[]);
    assert!(waits.receive().unwrap().is_some());

    // One who waits for a notification dies: the next one gets it.
    let wait = || {
        let mut raw = connect(&server);
        raw.ask(Some(&condition), "acquire", &[]);
        raw.send(Some(&condition), "wait", &[]);
        raw
    };
    let (dies, mut stays) = (wait(), wait());
    until("two wait", || {
        asked(&condition, "__str__", &[]).repr(300).contains(", 2)")
    });
    drop(dies);
    until("one waits", || {
        asked(&condition, "__str__", &[]).repr(300).contains(", 1)")
    });
    asked(&condition, "acquire", &[]);
    asked(&condition, "notify", &[]);
    asked(&condition, "release", &[]);
    assert!(stays.receive().unwrap().is_some());
}

#[test]
fn many_clients_count_under_one_lock_while_others_die_holding_it() {
    const CLIENTS: i64 = 16;
    const TIMES: i64 = 25;
    let server = manager(Limits::default());
    let lock = make(&server, "Lock", &[]);
    let value = make(&server, "Value", &["i".into(), 0.into()]);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut raw = connect(&server);
                for _ in 0..TIMES {
                    raw.ask(Some(&lock), "acquire", &[]);
                    let count = raw.ask(Some(&value), "get", &[]).as_i64().unwrap();
                    raw.ask(Some(&value), "set", &[(count + 1).into()]);
                    raw.ask(Some(&lock), "release", &[]);
                }
            });
        }
        scope.spawn(|| {
            for round in 0..50 {
                let mut dies = connect(&server);
                dies.send(Some(&lock), "acquire", &[]);
                if round % 2 == 0 {
                    // It has it, or is in line.
                    assert!(dies.receive().unwrap().is_some());
                }
            }
        });
    });
    let sum = connect(&server).ask(Some(&value), "get", &[]);
    assert_eq!(sum.as_i64(), Some(CLIENTS * TIMES));
}

#[test]
fn objects_in_objects_live_as_long_as_they_are_held_and_no_longer() {
    let server = manager(Limits::default());
    let dict = make(&server, "dict", &[]);
    let list = make(&server, "list", &[Value::list(&[1.into()])]);
    let mut raw = connect(&server);
    raw.ask(
        Some(&dict),
        "__setitem__",
        &["l".into(), proxy("ListProxy", &list)],
    );
    forget(&server, &list);
    assert_eq!(objects(&server), 2);
    // As a client does that gets it: reads, then refers to it.
    raw.ask(Some(&dict), "__getitem__", &["l".into()]);
    Raw::greeted(&server).ask(None, "incref", &[list.as_str().into()]);
    raw.ask(Some(&list), "append", &[2.into()]);
    assert_eq!(raw.ask(Some(&list), "__len__", &[]).as_i64(), Some(2));
    forget(&server, &list);
    // What is taken out stays until its getter has had time to refer to it.
    raw.ask(Some(&dict), "pop", &["l".into()]);
    Raw::greeted(&server).ask(None, "incref", &[list.as_str().into()]);
    forget(&server, &list);
    raw.ask(Some(&dict), "__len__", &[]);
    until("the list is let go of", || objects(&server) == 1);

    // CPython leaks each of these.
    for _ in 0..100 {
        let list = make(&server, "list", &[Value::list(&vec![0.into(); 1_000])]);
        raw.ask(
            Some(&dict),
            "__setitem__",
            &["l".into(), proxy("ListProxy", &list)],
        );
        forget(&server, &list);
    }
    raw.ask(Some(&dict), "clear", &[]);
    raw.ask(Some(&dict), "__len__", &[]);
    assert_eq!((objects(&server), server.memory()), (1, 0));

    // A list extended by itself ends; CPython's goes on for ever.
    let list = make(&server, "list", &[Value::list(&[1.into(), 2.into()])]);
    raw.ask(Some(&list), "extend", &[proxy("ListProxy", &list)]);
    let all = raw.ask(Some(&list), "#GETVALUE", &[]);
    assert_eq!(all.repr(100), "[1, 2, 1, 2]");

    // A queue that came out of a queue is alive.
    let (outer, inner) = (make(&server, "Queue", &[]), make(&server, "Queue", &[]));
    raw.ask(Some(&outer), "put", &[proxy("AutoProxy", &inner)]);
    forget(&server, &inner);
    raw.ask(Some(&outer), "get", &[]);
    Raw::greeted(&server).ask(None, "incref", &[inner.as_str().into()]);
    raw.ask(Some(&inner), "put", &[7.into()]);
    assert_eq!(raw.ask(Some(&inner), "get", &[]).as_i64(), Some(7));
}

#[test]
fn a_long_chain_of_objects_is_let_go_of_without_a_long_stack() {
    let server = manager(Limits::default());
    let first = make(&server, "list", &[]);
    let mut last = first.clone();
    let mut raw = connect(&server);
    for _ in 0..3_000 {
        let next = make(&server, "list", &[]);
        raw.ask(Some(&next), "append", &[proxy("ListProxy", &last)]);
        forget(&server, &last);
        last = next;
    }
    assert_eq!(objects(&server), 3_001);
    forget(&server, &last);
    until("all are gone", || objects(&server) == 0);
    assert_eq!(server.memory(), 0);
}

#[test]
fn what_would_take_all_memory_is_refused() {
    let limits = Limits {
        memory: 100_000,
        ..Limits::default()
    };
    let server = manager(limits);
    let mut raw = connect(&server);
    let list = make(&server, "list", &[Value::list(&[1.into()])]);
    let dict = make(&server, "dict", &[]);
    let range = Value::call(&Value::global("builtins", "range"), &[(1i64 << 40).into()]);
    let mut nested = Value::list(&[]);
    for _ in 0..200 {
        nested = Value::call(&Value::global("builtins", "zip"), &[nested]);
    }
    for (ident, method, args) in [
        (&list, "__imul__", vec![Value::from(1i64 << 40)]),
        (&list, "__mul__", vec![(1i64 << 40).into()]),
        (&list, "__imul__", vec![1_000_000.into()]),
        (&list, "extend", vec![range]),
        (&list, "extend", vec![nested]),
        (&list, "append", vec![Value::bytes(&[0; 200_000])]),
        (
            &dict,
            "__setitem__",
            vec![1.into(), Value::bytes(&[0; 200_000])],
        ),
        (
            &dict,
            "setdefault",
            vec![1.into(), Value::bytes(&[0; 200_000])],
        ),
    ] {
        raw.send(Some(ident), method, &args);
        let (kind, said) = raw.reply();
        assert_eq!(kind, "#ERROR", "{method}: {said}");
        assert!(said.contains("Memory") || said.contains("nested"), "{said}");
    }
    assert_eq!(raw.ask(Some(&list), "__len__", &[]).as_i64(), Some(1));
    assert_eq!(raw.ask(Some(&dict), "__len__", &[]).as_i64(), Some(0));
    // What is replaced or removed gives its room back.
    for n in 0..50 {
        let item = Value::bytes(&[0; 20_000]);
        raw.ask(Some(&dict), "__setitem__", &[1.into(), item.clone()]);
        raw.ask(Some(&list), "__setitem__", &[0.into(), item]);
        raw.ask(Some(&list), "append", &[n.into()]);
        raw.ask(Some(&list), "pop", &[]);
    }
    raw.ask(Some(&dict), "popitem", &[]);
    raw.ask(Some(&list), "clear", &[]);
    assert_eq!(server.memory(), 0);
}

#[test]
fn an_iterator_is_live_and_told_of_changes() {
    let server = manager(Limits::default());
    let mut raw = connect(&server);
    let pairs = [("a", 1), ("b", 2)].map(|(key, n)| Value::tuple(&[key.into(), n.into()]));
    let dict = make(&server, "dict", &[Value::list(&pairs)]);
    let mut iterate = || {
        raw.send(Some(&dict), "__iter__", &[]);
        let reply = raw.receive().unwrap().unwrap();
        let reply = Reply::of(&reply).unwrap();
        assert_eq!(reply.kind, "#PROXY");
        let token = reply.value.as_sequence().unwrap().get(1).unwrap();
        crate::object::ident_of_token(&token).unwrap()
    };
    let (one, two) = (iterate(), iterate());
    let mut next = |ident: &str| {
        raw.send(Some(ident), "__next__", &[]);
        raw.reply()
    };
    assert_eq!(next(&one).1, "a");
    assert_eq!(next(&one).1, "b");
    assert_eq!(next(&one).1, "StopIteration()");
    assert_eq!(next(&two).1, "a");
    raw.ask(Some(&dict), "__setitem__", &["c".into(), 3.into()]);
    raw.send(Some(&two), "__next__", &[]);
    assert!(
        raw.reply()
            .1
            .contains("dictionary changed size during iteration")
    );
    forget(&server, &one);
    forget(&server, &two);
    assert_eq!(objects(&server), 1);
}
