//! What the manager's own objects have workers call.

use super::*;
use crate::message::write_request;

#[test]
fn a_callback_is_a_method_of_one_of_the_managers_objects() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[]);
    let list = make(&server, "list", &[]);
    let mut client = connect(&server);
    let append = Value::call(
        &Value::global("builtins", "getattr"),
        &[proxy("ListProxy", &list), "append".into()],
    );
    let call = |callback: &Value| {
        [
            function(),
            Value::tuple([]),
            Value::dict([]),
            callback.clone(),
            callback.clone(),
        ]
    };
    let mut worker = Worker::enter(&server);
    for ok in [true, false] {
        let result = ask_for_proxy(&mut client, &pool, "apply_async", &call(&append));
        worker.take();
        let value = match ok {
            true => numbers(5..6),
            false => Value::call(&Value::global("builtins", "OSError"), &[7.into()]),
        };
        worker.finish(ok, &value);
        client.ask(Some(&result), "wait", &[]);
    }
    let all = client.ask(
        Some(&list),
        "__getitem__",
        &[Value::call(
            &Value::global("builtins", "slice"),
            &[Value::none(), Value::none(), Value::none()],
        )],
    );
    assert_eq!(all.repr(100), "[5, OSError(7)]");
    for no in [function(), Value::from(5)] {
        client.send(Some(&pool), "apply_async", &call(&no));
        assert!(client.reply().1.contains("this manager runs no code"));
    }
}

#[test]
fn a_barriers_action_is_done_by_a_worker_before_anybody_goes_on() {
    let server = manager(patient());
    let args = [2.into(), function()];
    let barrier = make(&server, "Barrier", &args);
    let mut worker = Worker::enter(&server);
    let (mut one, mut other) = (connect(&server), connect(&server));
    for ok in [true, false] {
        one.send(Some(&barrier), "wait", &[]);
        wait_until_waiting(&server, &one);
        other.send(Some(&barrier), "wait", &[]);
        assert_eq!(
            worker.take(),
            "('apply', <class 'mod.f'>, ((), {}), None, False)"
        );
        // Nobody has gone on; and who comes now waits for the next round.
        let mut early = connect(&server);
        early.send(Some(&barrier), "wait", &[]);
        wait_until_waiting(&server, &early);
        wait_until_waiting(&server, &one);
        let error = Value::call(&Value::global("builtins", "OSError"), &[7.into()]);
        match ok {
            true => worker.finish(true, &numbers(0..1)),
            false => worker.finish(false, &error),
        }
        let replies = [one.reply().1, other.reply().1];
        if ok {
            assert_eq!(replies, ["0", "1"]);
            let mut late = connect(&server);
            late.send(Some(&barrier), "wait", &[]);
            worker.take();
            worker.finish(true, &numbers(0..1));
            // Who came early has to wake first: either may be the first of that round.
            let mut places = [early.reply().1, late.reply().1];
            places.sort();
            assert_eq!(places, ["0", "1"]);
        } else {
            // It breaks, as in Python: the last one hears why.
            assert!(replies[0].contains("BrokenBarrierError"), "{replies:?}");
            assert_eq!(replies[1], "OSError(7)");
            assert!(early.reply().1.contains("BrokenBarrierError"));
        }
    }
}

/// Asks to sort by what a function makes of the items.
fn send_sort(raw: &mut Raw, list: &str, reverse: bool) {
    let by = [("key", function()), ("reverse", reverse.into())];
    raw.channel
        .compose(|out| write_request(out, Some(list), "sort", &[], &by, 4))
        .unwrap();
    raw.channel.flush().unwrap();
}

fn items(raw: &mut Raw, list: &str) -> String {
    raw.send(Some(list), "__str__", &[]);
    raw.reply().1
}

#[test]
fn a_list_is_sorted_by_what_workers_make_of_its_items() {
    let server = manager(patient());
    let list = make(&server, "list", &[numbers(0..5)]);
    let mut client = connect(&server);
    let mut worker = Worker::enter(&server);
    for (reverse, sorted) in [(false, "[1, 3, 0, 2, 4]"), (true, "[0, 2, 4, 1, 3]")] {
        send_sort(&mut client, &list, reverse);
        let task = worker.take();
        // Four tasks for the only worker, so two items in each.
        assert!(task.starts_with("('map', <class 'mod.f'>, ["), "{task}");
        let keys = match reverse {
            // 0 is even: later. The order among equals stays.
            false => [[1, 0], [1, 0]],
            true => [[0, 0], [1, 1]],
        };
        worker.answer(&keys[0]);
        worker.task();
        worker.answer(&keys[1]);
        worker.task();
        worker.finish(true, &numbers(1..2));
        assert_eq!(client.reply().1, "None");
        assert_eq!(items(&mut client, &list), sorted);
    }
}

#[test]
fn a_list_that_is_changed_while_keys_are_made_stays_as_it_is() {
    let server = manager(patient());
    let list = make(&server, "list", &[numbers(0..2)]);
    let (mut client, mut other) = (connect(&server), connect(&server));
    let mut worker = Worker::enter(&server);
    send_sort(&mut client, &list, true);
    worker.take();
    other.ask(Some(&list), "append", &[7.into()]);
    worker.answer(&[0]);
    worker.task();
    worker.finish(true, &numbers(1..2));
    assert!(client.reply().1.contains("list modified during sort"));
    assert_eq!(items(&mut other, &list), "[0, 1, 7]");
    // As does one whose keys cannot be made, or not be compared.
    let error = Value::call(&Value::global("builtins", "OSError"), &[7.into()]);
    send_sort(&mut client, &list, true);
    worker.take();
    worker.finish(false, &error);
    for _ in 0..2 {
        worker.take();
        worker.finish(true, &numbers(0..1));
    }
    assert_eq!(client.reply().1, "OSError(7)");
    send_sort(&mut client, &list, true);
    for key in [Value::from(1), "x".into(), Value::none()] {
        worker.take();
        worker.finish(true, &Value::list(&[key]));
    }
    assert!(client.reply().1.contains("'<' not supported between"));
    assert_eq!(items(&mut other, &list), "[0, 1, 7]");
}

#[test]
fn proxies_in_a_list_are_sorted_by_their_keys_and_stay_alive() {
    let server = manager(patient());
    let list = make(&server, "list", &[]);
    let mut client = connect(&server);
    for _ in 0..2 {
        let inner = make(&server, "list", &[]);
        client.ask(Some(&list), "append", &[proxy("ListProxy", &inner)]);
        forget(&server, &inner);
    }
    let mut worker = Worker::enter(&server);
    send_sort(&mut client, &list, false);
    for key in [1, 0] {
        worker.take();
        worker.finish(true, &Value::list(&[key.into()]));
    }
    assert_eq!(client.reply().1, "None");
    assert_eq!(objects(&server), 4, "three lists and PoolWorkers");
    client.ask(Some(&list), "clear", &[]);
    until("both are gone", || objects(&server) == 2);
}

#[test]
fn without_workers_a_sort_says_so_and_leaves_nothing_behind() {
    let server = manager(Limits {
        pool_patience: Duration::ZERO,
        ..Limits::default()
    });
    let list = make(&server, "list", &[numbers(0..2)]);
    let mut client = connect(&server);
    let before = server.memory();
    send_sort(&mut client, &list, false);
    let (kind, text) = client.reply();
    assert_eq!(kind, "#ERROR");
    assert!(text.contains("no worker has come"), "{text}");
    assert!(text.contains("l[:] = sorted(l, key=...)"), "{text}");
    assert_eq!(server.memory(), before);
    assert_eq!(items(&mut client, &list), "[0, 1]");
}

#[test]
fn a_client_that_goes_while_keys_are_made_leaves_nothing_behind() {
    let server = manager(patient());
    let list = make(&server, "list", &[numbers(0..1_000)]);
    let before = server.memory();
    for _ in 0..20 {
        let mut client = connect(&server);
        send_sort(&mut client, &list, false);
        wait_until_waiting(&server, &client);
    }
    until("all is forgotten", || server.memory() == before);
    // And there is nothing for a worker to do.
    let mut worker = Worker::enter(&server);
    worker.raw.send(Some(&worker.ident.clone()), "next", &[]);
    wait_until_waiting(&server, &worker.raw);
}
