//! Servers that are killed, and networks that are cut.
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use jetstream_tasks::{Error, Put, Queue, Settings};
use support::proxy::Proxy;
use support::{DEADLINE, Server, Worker, assert_accounts, join, name};

fn short() -> Settings {
    Settings::new().ack_wait(Duration::from_secs(2))
}

#[test]
#[ignore = "needs nats-server"]
fn a_server_killed_with_ten_thousand_tasks_has_them_all_again() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &short());
    let values: Vec<u64> = (0..10_000).collect();
    let put = queue.put_many(&values).unwrap();
    assert!(put.iter().all(Result::is_ok));
    // Some done, some in hand, some acknowledged a moment before.
    let done = queue.get_batch(100, DEADLINE).unwrap();
    let done = done.into_iter().map(|task| (task, 0));
    assert!(queue.done_many(done).unwrap().iter().all(Result::is_ok));
    let held = queue.get_batch(50, DEADLINE).unwrap();
    server.kill();
    server.restart();
    // Nothing is lost. Of those that were done, the server may have forgotten
    // that they are off the queue: it confirms that before it has written it.
    let stats = queue.stats().unwrap();
    assert_eq!(stats.done, 100);
    assert!((9_900..=10_000).contains(&stats.waiting), "{stats:?}");
    // A lease outlives the server that gave it.
    for task in held {
        match task.done(&0) {
            Ok(()) | Err(Error::LeaseLost(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let worker = Worker::start(&queue, |_| 0);
    join(&queue);
    worker.stop();
    assert_eq!(queue.stats().unwrap().done, 10_000);
}

#[test]
#[ignore = "needs nats-server"]
fn whoever_puts_gets_or_waits_while_the_server_is_away_finds_everything() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &short());
    let worker = Worker::start(&queue, |n| n + 1);
    let killer = std::thread::spawn(move || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(300));
            server.kill();
            std::thread::sleep(Duration::from_millis(300));
            server.restart();
        }
        server
    });
    let ids: Vec<_> = (0..200)
        .map(|n| {
            std::thread::sleep(Duration::from_millis(5));
            queue.put(&n).unwrap()
        })
        .collect();
    for (n, id) in (1_u64..).zip(&ids) {
        assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), n);
    }
    let _server = killer.join().unwrap();
    // The server may have forgotten the end of the last ones: they come again.
    join(&queue);
    worker.stop();
    assert_accounts(&queue, 200);
}

/// A request for a task waits at the server, and is lost with it.
#[test]
#[ignore = "needs nats-server"]
fn who_waits_at_a_server_that_is_killed_asks_the_next_one() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &short());
    // On a busy machine a server may take longer than that to start.
    for _ in 0..5 {
        let other = queue.clone();
        let waits = std::thread::spawn(move || other.get(Duration::from_secs(4)));
        std::thread::sleep(Duration::from_millis(300));
        server.kill();
        server.restart();
        queue.put(&1).unwrap();
        match waits.join().unwrap() {
            Ok(task) => return task.done(&1).unwrap(),
            Err(Error::NoAnswer(_)) => queue.get(DEADLINE).unwrap().done(&1).unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it waited for the answer of a server that was not there any more");
}

#[test]
#[ignore = "needs nats-server"]
fn a_server_that_stays_away_is_an_error_that_says_so() {
    let mut server = Server::start();
    let settings = Settings::new().timeout(Duration::from_secs(1));
    let queue = server.queue(&name(), &settings);
    queue.put(&1).unwrap();
    let task = queue.get(DEADLINE).unwrap();
    server.kill();
    for error in [
        queue.put(&1).map(drop),
        queue.get(Duration::from_millis(100)).map(drop),
        queue.len().map(drop),
        queue
            .result::<u64>("x", Duration::from_millis(100))
            .map(drop),
        task.done(&1),
    ] {
        assert!(matches!(error, Err(Error::NoAnswer(_))), "{error:?}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn a_network_cut_on_either_side_loses_nothing() {
    let server = Server::start();
    let name = name();
    let settings = Settings::new().ack_wait(Duration::from_secs(1));
    server.queue(&name, &settings);
    let (near, far) = (Proxy::to(&server.address), Proxy::to(&server.address));
    let putter: Queue<u64> = Queue::open(&near.address, &name, &settings).unwrap();
    let getter: Queue<u64> = Queue::open(&far.address, &name, &settings).unwrap();
    // Some are done, and the answer does not get through: they come again.
    let worker = Worker::start(&getter, |_| 0);
    for round in 0..4 {
        for n in 0..25 {
            putter
                .put_with(&n, &Put::new().id(format!("{round}-{n}")))
                .unwrap();
            if n == 5 {
                let proxy = if round % 2 == 0 { &near } else { &far };
                proxy.cut();
                std::thread::sleep(Duration::from_millis(200));
                proxy.mend();
            }
        }
    }
    join(&putter);
    worker.stop();
    let stats = putter.stats().unwrap();
    assert_eq!((stats.done, stats.dead), (100, 0), "{stats:?}");
}
