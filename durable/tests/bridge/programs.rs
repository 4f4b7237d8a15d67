//! The notes' programs as they stand, and others that share their queues.

use std::time::Duration;

use common::testing::pythons;
use jetstream_tasks::{Queue, Settings};
use pymanager::pickle::Value;

use crate::support::{DEADLINE, Manager, Nats};

#[test]
#[ignore = "needs nats-server and python3"]
fn master_and_worker_of_every_python_meet_as_at_any_manager() {
    let nats = Nats::start();
    let pythons = pythons();
    for (at, python) in pythons.iter().enumerate() {
        // The worker is of another version than its master.
        let other = &pythons[(at + 1) % pythons.len()];
        let when = ["read", "next"][at % 2];
        let manager = Manager::start(&nats, &[&format!("get_task_queue={when}")]);
        let mut master = manager.python(&python.path, "master").start();
        // A worker that finds no task for a second does one less, and its master
        // waits for that one.
        master.line_where(|line| line == "Try get results...");
        let worker = manager.python(&other.path, "worker").arg("0").start();
        let master = master.finish().success();
        let worker = worker.finish().success();
        let of = |start| {
            let lines = master.stdout.lines();
            lines.filter(|line| line.starts_with(start)).count()
        };
        assert_eq!(
            (of("Put task "), of("Result: ")),
            (10, 10),
            "{}",
            python.version
        );
        assert_eq!(
            worker.lines().last(),
            Some(&"worker exit."),
            "{}",
            other.version
        );
        let put = 10 * (at as u64 + 1);
        let tasks = nats.assert_accounts("get_task_queue", put);
        assert_eq!((tasks.done, tasks.dead), (put, 0), "{}", python.version);
        nats.assert_accounts("get_result_queue", put);
    }
}

#[test]
#[ignore = "needs nats-server and python3"]
fn two_managers_serve_one_queue_to_python_and_rust() {
    let nats = Nats::start();
    let queues = ["get_task_queue=next"];
    let (one, two) = (
        Manager::start(&nats, &queues),
        Manager::start(&nats, &queues),
    );
    let worker = two.python("python3", "again").arg("worker").start();
    let tasks = one.queue("get_task_queue");
    for n in 0..20 {
        tasks.put(&n.into()).unwrap();
    }
    let results = one.queue("get_result_queue");
    let mut squares: Vec<_> = (0..20)
        .map(|_| {
            let result = results.get_timeout(DEADLINE).unwrap();
            let result = result.as_sequence().unwrap();
            result.filter_map(|n| n.as_i64()).collect::<Vec<_>>()
        })
        .collect();
    squares.sort();
    assert!(
        squares.iter().zip(0..).all(|(s, n)| *s == [n, n * n]),
        "{squares:?}"
    );
    drop((worker, tasks, results));
    nats.assert_accounts("get_task_queue", 20);
}

/// One worker after the other: some by way of a manager, others not any more.
#[test]
#[ignore = "needs nats-server"]
fn a_worker_without_a_manager_takes_part() {
    let nats = Nats::start();
    let manager = Manager::start(&nats, &[]);
    let open = |name| Queue::<serde_json::Value>::open(&nats.address, name, &Settings::new());
    let (tasks, results) = (
        open("get_task_queue").unwrap(),
        open("get_result_queue").unwrap(),
    );
    manager.queue("get_task_queue").put(&12.into()).unwrap();
    let task = tasks.get(DEADLINE).unwrap();
    let n = task.value.as_i64().unwrap();
    results
        .put(&format!("{n} * {n} = {}", n * n).into())
        .unwrap();
    task.done(&()).unwrap();
    let result = manager.queue("get_result_queue").get_timeout(DEADLINE);
    assert_eq!(result.unwrap().as_str(), Some("12 * 12 = 144"));
}

#[test]
#[ignore = "needs nats-server and python3"]
fn what_is_put_comes_out_as_it_went_in_whatever_its_class() {
    let nats = Nats::start();
    let manager = Manager::start(&nats, &[]);
    let mut python = manager.steps(
        "get_task_queue",
        &[
            "q.put((1, b'2', {'b': 1, 'a': [Order(7)]}))",
            "q.get()",
            "q.put(0.1)",
            "q.get()",
            "q.put('x' * (2 << 20))",
        ],
    );
    for line in [
        "None",
        "(1, b'2', {'b': 1, 'a': [Order(7)]})",
        "None",
        "0.1",
        "ValueError",
        "end",
    ] {
        assert_eq!(python.next_line(), line);
    }
    // Through the death of all that has ever seen it.
    let tasks = manager.queue("get_task_queue");
    let item = Value::tuple(&[1.into(), Value::global("shop", "Order")]);
    tasks.put(&item).unwrap();
    drop((python, tasks, manager));
    let manager = Manager::start(&nats, &[]);
    let got = manager.queue("get_task_queue").get_timeout(DEADLINE);
    assert!(got.unwrap() == item);
}

#[test]
#[ignore = "needs nats-server"]
fn garbage_in_the_stream_ends_in_the_dead_letters() {
    let nats = Nats::start();
    let manager = Manager::start(&nats, &[]);
    let tasks = manager.queue("get_task_queue");
    let raw = nats.queue("get_task_queue");
    for (content_type, bytes) in [
        ("application/json", "{"),
        ("application/x-python-pickle", "cos\nsystem\n"),
        ("text/plain", "17"),
    ] {
        let body = jetstream_tasks::Body::new(content_type, bytes);
        raw.put(body, &jetstream_tasks::Put::new()).unwrap();
    }
    tasks.put(&7.into()).unwrap();
    assert_eq!(
        tasks.get_timeout(Duration::from_secs(30)).unwrap(),
        7.into()
    );
    assert!(tasks.try_get().is_err());
    let stats = nats.assert_accounts("get_task_queue", 4);
    assert_eq!(stats.dead, 3);
}
