//! What a queue in a manager does, done by JetStream.

use std::time::Duration;

use common::testing::Program;
use common::testing::example;
use jetstream_tasks::{RawQueue, Settings};
use predicates::prelude::*;
use pymanager::Error;
use rustix::process::Signal;

use crate::support::{DEADLINE, Manager, Nats, until};

const SOON: Duration = Duration::from_millis(50);

#[test]
#[ignore = "needs nats-server"]
fn full_and_empty_are_an_error_or_a_wait() {
    let nats = Nats::start();
    let settings = Settings::new()
        .max_tasks(3)
        .max_deliver(20)
        .ack_wait(Duration::from_millis(500));
    RawQueue::open(&nats.address, "small", &settings).unwrap();
    let manager = Manager::start(&nats, &["small"]);
    let (one, two) = (manager.queue("small"), manager.queue("small"));
    assert!(one.is_empty().unwrap());
    assert!(matches!(one.try_get(), Err(Error::Empty)));
    assert!(matches!(one.get_timeout(SOON), Err(Error::Empty)));
    for n in 0..3 {
        assert_eq!((one.len().unwrap(), one.is_full().unwrap()), (n, false));
        one.put(&(n as i64).into()).unwrap();
    }
    assert_eq!((one.len().unwrap(), one.is_full().unwrap()), (3, true));
    assert!(matches!(one.try_put(&9.into()), Err(Error::Full)));
    assert!(matches!(one.put_timeout(&9.into(), SOON), Err(Error::Full)));
    // A wait ends when there is room, and when there is an item.
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| two.put(&3.into()));
        let got: Vec<_> = (0..4).map(|_| one.get_timeout(DEADLINE).unwrap()).collect();
        assert_eq!(got, [0.into(), 1.into(), 2.into(), 3.into()]);
        waits.join().unwrap().unwrap();
        let waits = scope.spawn(|| two.get());
        one.put(&4.into()).unwrap();
        assert_eq!(waits.join().unwrap().unwrap(), 4.into());
    });
    drop((one, two));
    until("all is acknowledged", || {
        nats.queue("small").len().unwrap() == 0
    });
    nats.assert_accounts("small", 5);
}

#[test]
#[ignore = "needs nats-server"]
fn task_done_acknowledges_and_join_waits_for_it() {
    let nats = Nats::start();
    let manager = Manager::start(&nats, &["jobs=done"]);
    let (one, two) = (manager.queue("jobs"), manager.queue("jobs"));
    assert!(matches!(
        one.task_done(),
        Err(Error::Raised { .. } | Error::TooManyDone)
    ));
    one.join().unwrap();
    for n in 0..2 {
        one.put(&n.into()).unwrap();
    }
    assert_eq!(one.get().unwrap(), 0.into());
    assert_eq!(two.get().unwrap(), 1.into());
    std::thread::scope(|scope| {
        let (done, joined) = std::sync::mpsc::channel();
        let third = manager.queue("jobs");
        scope.spawn(move || done.send(third.join()));
        one.task_done().unwrap();
        assert!(joined.try_recv().is_err());
        // Who has nothing has nothing to acknowledge.
        assert!(one.task_done().is_err());
        two.task_done().unwrap();
        joined.recv_timeout(DEADLINE).unwrap().unwrap();
    });
    let stats = nats.assert_accounts("jobs", 2);
    assert_eq!(stats.done, 2);
}

#[test]
#[ignore = "needs nats-server and python3"]
fn a_worker_killed_at_its_task_gives_it_back_at_once() {
    let nats = Nats::start();
    for when in ["next", "done"] {
        let name = format!("tasks-{when}");
        let manager = Manager::start(&nats, &[&format!("{name}={when}")]);
        let queue = manager.queue(&name);
        queue.put(&7.into()).unwrap();
        let mut python = manager.steps(&name, &["q.get()"]);
        assert_eq!(python.next_line(), "7");
        assert!(matches!(queue.get_timeout(SOON), Err(Error::Empty)));
        python.signal(Signal::KILL);
        assert_eq!(queue.get_timeout(DEADLINE).unwrap(), 7.into());
        drop((python, queue));
        // Again given back: this one has only said good-bye.
        until("it is back", || manager.queue(&name).len().unwrap() == 1);
        nats.assert_accounts(&name, 1);
    }
}

#[test]
#[ignore = "needs nats-server and python3"]
fn what_was_read_is_off_a_plain_queue_and_what_was_not_comes_back() {
    let nats = Nats::start();
    let manager = Manager::start(&nats, &["plain"]);
    let queue = manager.queue("plain");
    queue.put(&1.into()).unwrap();
    let mut python = manager.steps("plain", &["q.get()"]);
    assert_eq!(python.next_line(), "1");
    python.signal(Signal::KILL);
    drop(python);
    until("it is acknowledged", || {
        nats.queue("plain").len().unwrap() == 0
    });
    // It asks, and stops itself: it does not read what it is sent.
    let ask = "q._tls.connection.send((q._id, 'get', (), {})), os.kill(os.getpid(), 19)";
    let mut python = manager.steps("plain", &["q.qsize()", ask]);
    assert_eq!(python.next_line(), "0");
    queue.put(&2.into()).unwrap();
    until("it was handed out", || queue.is_empty().unwrap());
    python.signal(Signal::KILL);
    assert_eq!(queue.get_timeout(DEADLINE).unwrap(), 2.into());
}

#[test]
#[ignore = "needs nats-server and python3"]
fn an_item_that_kills_its_workers_becomes_a_dead_letter() {
    let nats = Nats::start();
    let settings = Settings::new()
        .max_deliver(3)
        .ack_wait(Duration::from_millis(500));
    RawQueue::open(&nats.address, "poison", &settings).unwrap();
    let mut manager = Program::new(example("serve_python_durable"))
        .args(["--server", &nats.address, "--address", "127.0.0.1:0"])
        .args(["--queue", "poison=done"])
        .deadline(DEADLINE)
        .start();
    let line = manager.next_line();
    let manager = Manager::at(line.rsplit_once(' ').unwrap().1, manager);
    let queue = manager.queue("poison");
    queue.put(&13.into()).unwrap();
    for _ in 0..3 {
        let mut python = manager.steps("poison", &["q.get(timeout=60)"]);
        assert_eq!(python.next_line(), "13");
        python.signal(Signal::KILL);
    }
    until("a dead letter", || {
        nats.queue("poison").stats().unwrap().dead == 1
    });
    assert!(matches!(queue.get_timeout(SOON), Err(Error::Empty)));
    nats.assert_accounts("poison", 1);
}

#[test]
#[ignore = "needs nats-server"]
fn ctrl_c_gives_back_what_clients_have() {
    let nats = Nats::start();
    let mut manager = Manager::start(&nats, &["jobs=done", "plain"]);
    for name in ["jobs", "plain"] {
        let queue = manager.queue(name);
        queue.put(&1.into()).unwrap();
        assert_eq!(queue.get().unwrap(), 1.into());
        if name == "plain" {
            manager.running().interrupt();
            let run = manager.take().finish();
            run.assert().code(130).stderr("");
            drop(queue);
        } else {
            drop(queue);
        }
    }
    manager.restart();
    for name in ["jobs", "plain"] {
        let queue = manager.queue(name);
        assert_eq!(queue.get_timeout(DEADLINE).unwrap(), 1.into(), "{name}");
    }
}

#[test]
fn wrong_options_and_a_server_that_is_not_there_are_one_line() {
    let serve = || Program::new(example("serve_python_durable")).args(["--address", "127.0.0.1:0"]);
    for wrong in [
        "--queue=a=b",
        "--ack-wait=soon",
        "--max-tasks=-1",
        "--servers=x",
    ] {
        serve().arg(wrong).run().assert().code(2).stdout("");
    }
    let run = serve().args(["--server", "127.0.0.1:1"]).run();
    run.assert()
        .code(1)
        .stderr(predicate::str::contains("cannot connect to 127.0.0.1:1"));
    assert_eq!(run.stderr.lines().count(), 1);
    let run = Program::new(example("serve_python_durable"))
        .args(["--address", "0.0.0.0:0"])
        .run();
    run.assert().code(2);
    assert!(run.stderr.contains("--authkey-file"));
}
