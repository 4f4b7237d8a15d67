//! What a single task may ask for: time, an order, an id.
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use jetstream_tasks::{Error, Put, Settings};
use support::{DEADLINE, Server, assert_accounts, name};

const SOON: Duration = Duration::from_millis(200);

#[test]
#[ignore = "needs nats-server"]
fn a_lease_is_renewed_for_as_long_as_the_task_is_held() {
    let server = Server::start();
    let settings = Settings::new().ack_wait(Duration::from_millis(500));
    let queue = server.queue(&name(), &settings);
    queue.put(&1).unwrap();
    let task = queue.get(DEADLINE).unwrap();
    // Four leases long nobody else gets it.
    assert!(matches!(
        queue.get(Duration::from_secs(2)),
        Err(Error::Empty)
    ));
    assert!(task.holds());
    task.done(&1).unwrap();
}

#[test]
#[ignore = "needs nats-server"]
fn a_time_limit_ends_the_lease_of_a_worker_that_hangs() {
    let server = Server::start();
    let settings = Settings::new().ack_wait(Duration::from_millis(300));
    let queue = server.queue(&name(), &settings);
    let limit = Put::new().time_limit(Duration::from_millis(400));
    queue.put_with(&1, &limit).unwrap();
    let hung = queue.get(DEADLINE).unwrap();
    let other = queue.get(DEADLINE).unwrap();
    assert_eq!(other.attempt(), 2);
    assert!(!hung.holds());
    assert!(matches!(hung.done(&0), Err(Error::LeaseLost(_))));
    other.done(&1).unwrap();
    queue.join(DEADLINE).unwrap();
}

#[test]
#[ignore = "needs nats-server"]
fn a_task_beyond_its_deadline_is_not_begun() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    let id = queue
        .put_with(&1, &Put::new().deadline(Duration::ZERO))
        .unwrap();
    queue.put(&2).unwrap();
    assert_eq!(queue.get(DEADLINE).unwrap().value, 2);
    match queue.result::<u64>(&id, DEADLINE) {
        Err(Error::Failed { reason, .. }) => assert_eq!(reason, "its deadline has passed"),
        other => panic!("{other:?}"),
    }
    assert_accounts(&queue, 2);
}

#[test]
#[ignore = "needs nats-server"]
fn a_delayed_task_comes_after_one_that_was_put_later() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new().priorities(3));
    let delay = Put::new().delay(Duration::from_millis(600)).priority(0);
    queue.put_with(&1, &delay).unwrap();
    assert_eq!(queue.stats().unwrap().delayed, 1);
    queue.put(&2).unwrap();
    for (expected, attempt) in [(2, 1), (1, 1)] {
        let task = queue.get(DEADLINE).unwrap();
        assert_eq!((task.value, task.attempt()), (expected, attempt));
        task.done(&0).unwrap();
    }
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 2);
}

#[test]
#[ignore = "needs nats-server"]
fn delayed_tasks_that_fill_the_queue_still_come() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new().max_tasks(3));
    let delay = Put::new().delay(Duration::from_millis(100));
    for n in 0..3 {
        queue.put_with(&n, &delay).unwrap();
    }
    for n in 10..13 {
        queue.put(&n).unwrap();
    }
    assert!(matches!(queue.put_with(&9, &delay), Err(Error::Full(_))));
    let mut got: Vec<_> = (0..6)
        .map(|_| {
            let task = queue.get(DEADLINE).unwrap();
            let value = task.value;
            task.done(&0).unwrap();
            value
        })
        .collect();
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 10, 11, 12]);
    queue.join(DEADLINE).unwrap();
}

#[test]
#[ignore = "needs nats-server"]
fn the_most_urgent_comes_first_and_waiting_is_for_all_of_them() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new().priorities(3));
    for (value, priority) in [(1, 2), (2, 1), (3, 0), (4, 0)] {
        queue
            .put_with(&value, &Put::new().priority(priority))
            .unwrap();
    }
    let order: Vec<_> = (0..4)
        .map(|_| {
            let task = queue.get(DEADLINE).unwrap();
            let value = task.value;
            task.done(&0).unwrap();
            value
        })
        .collect();
    assert_eq!(order, [3, 4, 2, 1]);
    let too_much = Put::new().priority(3);
    assert!(matches!(
        queue.put_with(&0, &too_much),
        Err(Error::Setting(_))
    ));
    for priority in 0..3 {
        let waiter = queue.clone();
        let waiter = std::thread::spawn(move || waiter.get(DEADLINE).unwrap().done(&0));
        queue.put_with(&9, &Put::new().priority(priority)).unwrap();
        waiter.join().unwrap().unwrap();
    }
    queue.join(DEADLINE).unwrap();
}

#[test]
#[ignore = "needs nats-server"]
fn an_id_is_put_once() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    for id in ["order.17", "a>*%"] {
        let put = || queue.put_with(&1, &Put::new().id(id)).unwrap();
        assert_eq!((put(), put()), (id.to_string(), id.to_string()));
        assert_eq!(queue.len().unwrap(), 1);
        queue.get(DEADLINE).unwrap().done(&2).unwrap();
        put();
        assert_eq!(queue.len().unwrap(), 0);
        assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), 2);
    }
    // The dot is no separator, and the star no pattern.
    assert!(matches!(
        queue.result::<u64>("order.*", SOON),
        Err(Error::TimedOut(_))
    ));
    let bad = queue.put_with(&1, &Put::new().id("two words"));
    assert!(matches!(bad, Err(Error::Name { .. })));
}

#[test]
#[ignore = "needs nats-server"]
fn an_id_is_put_once_beyond_the_window_too_when_it_is_done() {
    let server = Server::start();
    let settings = Settings::new()
        .ack_wait(Duration::from_millis(100))
        .window(Duration::from_millis(200));
    let queue = server.queue(&name(), &settings);
    let put = || queue.put_with(&1, &Put::new().id("x")).unwrap();
    put();
    queue.get(DEADLINE).unwrap().done(&2).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    put();
    assert_eq!(queue.len().unwrap(), 0);
}
