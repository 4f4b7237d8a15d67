//! Pools, with workers and clients that have the key and mean ill.

use super::*;

#[test]
fn a_worker_that_takes_and_never_answers_loses_nobody_elses_result() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[1.into()]);
    let mut client = connect(&server);
    let mut worker = Worker::enter(&server);
    client.send(Some(&pool), "map", &[function(), numbers(0..3), 1.into()]);
    for number in 0..3 {
        assert!(worker.take().contains(&format!("[{number}]")));
    }
    drop(worker);
    let (kind, text) = client.reply();
    assert_eq!(kind, "#ERROR");
    assert!(text.contains("a result for each item"), "{text}");
    // Nor does it count as being at work for ever: this pool has room for one.
    let mut other = Worker::enter(&server);
    client.send(Some(&pool), "map", &[function(), numbers(5..6)]);
    assert!(other.take().contains("[5]"));
    other.answer(&[5]);
    assert_eq!(client.reply().1, "[5]");
}

#[test]
fn a_range_of_any_length_takes_no_memory() {
    let server = manager(patient());
    // So many processes that their quadruple is no number any more.
    let pool = make(&server, "Pool", &[i64::MAX.into()]);
    let mut client = connect(&server);
    let mut worker = Worker::enter(&server);
    let range = |bounds: &[i64]| {
        let bounds: Vec<Value> = bounds.iter().map(|one| (*one).into()).collect();
        Value::call(&Value::global("builtins", "range"), &bounds)
    };
    let (min, max) = (i64::MIN, i64::MAX);
    let cases: [(&[i64], i64, &[&str]); 4] = [
        (&[max], max, &["range(0, 9223372036854775807, 1)"]),
        (&[0, 5, 2], 2, &["range(0, 3, 2)", "range(4, 5, 2)"]),
        (&[5, 0, -2], 2, &["range(5, 2, -2)", "range(1, 0, -2)"]),
        (
            &[min, max, max],
            1,
            &[
                "range(-9223372036854775808, -9223372036854775807, 9223372036854775807)",
                "range(-1, 0, 9223372036854775807)",
                "range(9223372036854775806, 9223372036854775807, 9223372036854775807)",
            ],
        ),
    ];
    for (bounds, chunk, tasks) in cases {
        let args = [function(), range(bounds), chunk.into()];
        ask_for_proxy(&mut client, &pool, "map_async", &args);
        for task in tasks {
            let given = worker.take();
            assert!(given.contains(task), "{given}");
        }
        worker.finish(true, &Value::none());
    }
    // As Python would choose the parts.
    ask_for_proxy(
        &mut client,
        &pool,
        "map_async",
        &[function(), range(&[max])],
    );
    assert!(worker.take().contains("range(0, 1, 1)"));
}

#[test]
fn errors_take_memory_as_results_do_and_without_memory_a_job_ends() {
    let server = manager(Limits {
        memory: 1 << 20,
        ..patient()
    });
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let mut worker = Worker::enter(&server);
    let big = Value::bytes(&vec![0; 300 << 10]);
    let error = Value::call(
        &Value::global("builtins", "OSError"),
        std::slice::from_ref(&big),
    );
    for (ok, outcome) in [(false, error), (true, Value::list(&[big]))] {
        let items = [function(), numbers(100..200), 1.into()];
        let results = ask_for_proxy(&mut client, &pool, "imap", &items);
        ask_for_proxy(
            &mut client,
            &pool,
            "map_async",
            &[function(), numbers(7..8)],
        );
        let mut done = 0;
        while !worker.take().contains("[7]") {
            worker.finish(ok, &outcome);
            assert!(server.memory() <= 1 << 20, "{}", server.memory());
            done += 1;
        }
        worker.finish(true, &numbers(0..1));
        // Nothing was done after the one for whose outcome there was no room.
        assert!((2..5).contains(&done), "{done}");
        for told in 1..=done + 1 {
            client.send(Some(&results), "__next__", &[]);
            let (kind, text) = client.reply();
            if told < done {
                assert_eq!(kind == "#RETURN", ok, "{text}");
            } else {
                let end = ["MemoryError", "StopIteration"][told - done];
                assert!(text.contains(end), "{text}");
            }
        }
        forget(&server, &results);
    }
}

#[test]
fn a_map_over_text_or_bytes_takes_the_memory_of_its_items() {
    let server = manager(Limits {
        memory: 1 << 20,
        ..patient()
    });
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let text = "x".repeat(200 << 10);
    for all in [Value::bytes(text.as_bytes()), text.as_str().into()] {
        client.send(Some(&pool), "map_async", &[function(), all]);
        let (_, text) = client.reply();
        assert!(text.contains("MemoryError"), "{text}");
    }
    // What is alike among the items is made once, and sent once.
    let items = [function(), "é".repeat(1_000).as_str().into(), 1_000.into()];
    ask_for_proxy(&mut client, &pool, "map_async", &items);
    let mut worker = Worker::enter(&server);
    worker.raw.send(Some(&worker.ident.clone()), "next", &[]);
    let limit = 1 << 20;
    let task = worker.raw.channel.receive(limit, Deadline::after(LONG));
    let bytes = task.unwrap().unwrap().len();
    assert!(bytes < 4_000, "{bytes}");
}

#[test]
fn a_callback_that_waits_for_ever_holds_up_nobody_when_a_pool_is_terminated() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[]);
    let queue = make(&server, "Queue", &[1.into()]);
    let mut client = connect(&server);
    client.ask(Some(&queue), "put", &[0.into()]);
    let put = Value::call(
        &Value::global("builtins", "getattr"),
        &[proxy("AutoProxy[Queue]", &queue), "put".into()],
    );
    let call = [
        function(),
        Value::tuple([]),
        Value::dict([]),
        Value::none(),
        put,
    ];
    let results: Vec<_> = (0..2)
        .map(|_| ask_for_proxy(&mut client, &pool, "apply_async", &call))
        .collect();
    client.ask(Some(&pool), "terminate", &[]);
    for result in &results {
        client.send(Some(result), "get", &[]);
        assert!(client.reply().1.contains("the pool was terminated"));
    }
}
