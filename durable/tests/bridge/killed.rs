//! Managers and servers that are killed under their clients.

use std::time::Duration;

use common::testing::Running;
use pymanager::Error;

use crate::support::{DEADLINE, Manager, Nats, until};

const COUNT: u64 = 60;

/// A master and two workers that connect again.
fn programs(manager: &Manager) -> (Running, [Running; 2]) {
    let again = |role: &[&str]| manager.python("python3", "again").args(role).start();
    let master = again(&["master", &COUNT.to_string()]);
    (master, [again(&["worker"]), again(&["worker"])])
}

/// That each result came, and every task that was put is accounted for: none is
/// missing, and none waits any more.
fn all_is_done(nats: &Nats, mut master: Running, workers: [Running; 2]) {
    master.line_where(|line| line == "all");
    master.finish().success();
    let tasks = nats.queue("get_task_queue");
    until("the queue is empty", || tasks.len().unwrap() == 0);
    drop(workers);
    let stats = tasks.stats().unwrap();
    // A put whose answer was lost was put again.
    assert!(stats.done >= COUNT, "{stats:?}");
    assert_eq!(stats.dead, 0, "{stats:?}");
}

#[test]
#[ignore = "needs nats-server and python3"]
fn a_manager_is_killed_and_whoever_connects_again_finds_everything() {
    let nats = Nats::start();
    let mut manager = Manager::start(&nats, &["get_task_queue=next"]);
    let (mut master, workers) = programs(&manager);
    for n in [10, 30, 50] {
        master.line_where(|line| line == format!("put {n}"));
        manager.kill();
        manager.restart();
    }
    for _ in 0..3 {
        master.line_where(|line| line.starts_with("result "));
        manager.kill();
        manager.restart();
    }
    all_is_done(&nats, master, workers);
}

#[test]
#[ignore = "needs nats-server and python3"]
fn a_nats_server_is_killed_and_nobody_is_told() {
    let mut nats = Nats::start();
    let manager = Manager::start(&nats, &["get_task_queue=next"]);
    let (mut master, workers) = programs(&manager);
    for n in [10, 30, 50] {
        master.line_where(|line| line == format!("put {n}"));
        nats.kill();
        nats.restart();
    }
    for _ in 0..3 {
        master.line_where(|line| line.starts_with("result "));
        nats.kill();
        nats.restart();
    }
    all_is_done(&nats, master, workers);
    let mut manager = manager;
    // Not one line: its clients were not told, and neither was anybody else.
    manager.running().interrupt();
    manager.take().finish().assert().code(130).stderr("");
}

#[test]
#[ignore = "needs nats-server"]
fn who_waits_while_the_nats_server_is_away_is_not_told_that_the_queue_is_empty() {
    let mut nats = Nats::start();
    let manager = Manager::start(&nats, &[]);
    let queue = manager.queue("get_task_queue");
    queue.put(&1.into()).unwrap();
    nats.kill();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| queue.get_timeout(Duration::from_millis(10)));
        // Long enough for an Empty that nobody can know to be true.
        std::thread::sleep(Duration::from_secs(1));
        assert!(!waits.is_finished());
        nats.restart();
        match waits.join().unwrap() {
            Ok(item) => assert_eq!(item, 1.into()),
            Err(error) => panic!("{error}"),
        }
    });
}

#[test]
#[ignore = "needs nats-server and python3"]
fn the_clients_of_a_killed_manager_give_back_what_they_had() {
    let nats = Nats::start();
    let mut manager = Manager::start(&nats, &["jobs=done", "get_task_queue=next", "plain"]);
    for name in ["jobs", "get_task_queue", "plain"] {
        manager.queue(name).put(&1.into()).unwrap();
        let mut python = manager.steps(name, &["q.get()"]);
        assert_eq!(python.next_line(), "1");
        manager.kill();
        manager.restart();
        let queue = manager.queue(name);
        // When its lease ends, which on a busy machine is over already.
        let item = match queue.try_get() {
            Err(Error::Empty) => queue.get_timeout(DEADLINE),
            item => item,
        };
        assert_eq!(item.unwrap(), 1.into(), "{name}");
    }
}
