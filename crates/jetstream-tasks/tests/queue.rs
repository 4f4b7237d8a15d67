//! What a queue does while nobody dies.
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use common::testing::Port;
use jetstream_tasks::{Error, Put, Queue, Settings};
use support::{DEADLINE, Server, assert_accounts, name, until};

const SOON: Duration = Duration::from_millis(200);

#[test]
#[ignore = "needs nats-server"]
fn a_task_goes_through_and_its_result_comes_back() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    assert!(matches!(queue.get(SOON), Err(Error::Empty)));
    let id = queue.put(&21).unwrap();
    assert_eq!(queue.len().unwrap(), 1);
    assert!(matches!(
        queue.result::<u64>(&id, SOON),
        Err(Error::TimedOut(_))
    ));
    let task = queue.get(DEADLINE).unwrap();
    assert_eq!((task.value, task.attempt(), task.id()), (21, 1, &*id));
    assert!(matches!(queue.join(SOON), Err(Error::TimedOut(_))));
    task.done(&42).unwrap();
    for _ in 0..2 {
        assert_eq!(queue.result::<u64>(&id, SOON).unwrap(), 42);
    }
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn a_result_wakes_those_who_wait_for_it() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    let ids: Vec<_> = (0..20).map(|n| queue.put(&n).unwrap()).collect();
    std::thread::scope(|scope| {
        for (n, id) in (0_u64..).zip(&ids) {
            let queue = queue.clone();
            scope.spawn(move || assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), n + 1));
        }
        for _ in 0..20 {
            let task = queue.get(DEADLINE).unwrap();
            let result = task.value + 1;
            task.done(&result).unwrap();
        }
    });
}

#[test]
#[ignore = "needs nats-server"]
fn many_are_put_and_done_at_once_in_order() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    let values: Vec<u64> = (0..1000).collect();
    let ids = queue.put_many(&values).unwrap();
    assert!(ids.iter().all(Result::is_ok));
    let mut got = Vec::new();
    while got.len() < 1000 {
        let tasks = queue.get_batch(64, DEADLINE).unwrap();
        got.extend(tasks.iter().map(|task| task.value));
        let done = queue.done_many(tasks.into_iter().map(|task| {
            let result = task.value * 2;
            (task, result)
        }));
        assert!(done.unwrap().iter().all(Result::is_ok));
    }
    assert_eq!(got, values);
    let last = ids.last().unwrap().as_ref().unwrap();
    assert_eq!(queue.result::<u64>(last, DEADLINE).unwrap(), 1998);
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 1000);
}

#[test]
#[ignore = "needs nats-server"]
fn a_failed_task_is_a_dead_letter_until_it_is_requeued() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    let id = queue.put(&7).unwrap();
    queue
        .get(DEADLINE)
        .unwrap()
        .fail("line one\r\nline two")
        .unwrap();
    match queue.result::<u64>(&id, DEADLINE) {
        Err(Error::Failed { reason, .. }) => assert_eq!(reason, "line one\r\nline two"),
        other => panic!("{other:?}"),
    }
    let letters = queue.dead_letters(10).unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 1));
    assert_eq!(letters[0].reason, "line one  line two");
    assert_eq!(letters[0].value::<u64>().unwrap(), 7);
    assert_accounts(&queue, 1);
    assert!(matches!(queue.requeue("nobody"), Err(Error::NotFound(_))));
    queue.requeue(&id).unwrap();
    assert_accounts(&queue, 1);
    let task = queue.get(DEADLINE).unwrap();
    assert_eq!((task.id(), task.attempt(), task.value), (&*id, 1, 7));
    task.done(&8).unwrap();
    assert_eq!(queue.result::<u64>(&id, DEADLINE).unwrap(), 8);
    assert!(queue.dead_letters(10).unwrap().is_empty());
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn a_task_that_is_given_back_comes_again_until_its_last_attempt() {
    let server = Server::start();
    let settings = Settings::new()
        .max_deliver(3)
        .backoff([Duration::from_millis(10)]);
    let queue = server.queue(&name(), &settings);
    let id = queue.put(&1).unwrap();
    let first = queue.get(DEADLINE).unwrap();
    first.retry(None).unwrap();
    let second = queue.get(DEADLINE).unwrap();
    assert_eq!(second.attempt(), 2);
    // As a panic does it.
    drop(second);
    let third = queue.get(DEADLINE).unwrap();
    assert_eq!(third.attempt(), 3);
    third.retry(Duration::from_secs(1000)).unwrap();
    let Err(Error::Failed { reason, .. }) = queue.result::<u64>(&id, DEADLINE) else {
        panic!("not failed")
    };
    assert_eq!(reason, "no success in 3 attempts");
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn what_cannot_be_read_is_a_dead_letter_and_the_next_is_taken() {
    let server = Server::start();
    let name = name();
    let words: Queue<String> = Queue::open(&server.address, &name, &Settings::new()).unwrap();
    let numbers = server.queue(&name, &Settings::new());
    words.put(&"not a number".to_string()).unwrap();
    numbers.put(&5).unwrap();
    assert_eq!(numbers.get(DEADLINE).unwrap().value, 5);
    let letters = numbers.dead_letters(10).unwrap();
    assert!(
        letters[0].reason.starts_with("it cannot be read"),
        "{letters:?}"
    );
    assert_eq!(letters[0].value::<String>().unwrap(), "not a number");
}

#[test]
#[ignore = "needs nats-server"]
fn a_full_queue_refuses_or_waits_and_loses_nothing() {
    let server = Server::start();
    let queue = server.queue(&name(), &Settings::new().max_tasks(10));
    let values: Vec<u64> = (0..15).collect();
    let put = queue.put_many(&values).unwrap();
    assert_eq!(put.iter().filter(|put| put.is_ok()).count(), 10);
    assert!(
        put.iter()
            .flat_map(|put| put.as_ref().err())
            .all(|e| matches!(e, Error::Full(_)))
    );
    let waiting = {
        let queue = queue.clone();
        std::thread::spawn(move || queue.put_with(&99, &Put::new().wait(DEADLINE)))
    };
    let mut last = 0;
    for _ in 0..11 {
        let task = queue.get(DEADLINE).unwrap();
        last = task.value;
        task.done(&0).unwrap();
    }
    waiting.join().unwrap().unwrap();
    assert_eq!(last, 99);
    assert_accounts(&queue, 11);
}

#[test]
#[ignore = "needs nats-server"]
fn settings_that_differ_are_named() {
    let server = Server::start();
    let name = name();
    server.queue(&name, &Settings::new().max_deliver(3));
    // What is not set is as it is there.
    server.queue(&name, &Settings::new());
    let other = Queue::<u64>::open(&server.address, &name, &Settings::new().max_deliver(4));
    let error = other.unwrap_err().to_string();
    assert_eq!(error, "the queue has max_deliver 3, and not 4");
    for wrong in [
        Settings::new().max_deliver(0),
        Settings::new().replicas(2),
        Settings::new().priorities(0),
        Settings::new().window(Duration::from_secs(1)),
    ] {
        let wrong = Queue::<u64>::open(&server.address, &support::name(), &wrong);
        assert!(matches!(wrong, Err(Error::Setting(_))), "{wrong:?}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn many_open_a_queue_at_once() {
    let server = Server::start();
    let name = name();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.queue(&name, &Settings::new()).put(&1).unwrap());
        }
    });
    assert_eq!(server.queue(&name, &Settings::new()).len().unwrap(), 8);
}

#[test]
#[ignore = "needs nats-server"]
fn too_large_a_task_is_refused_by_size() {
    let server = Server::start();
    let queue: Queue<String> = Queue::open(&server.address, &name(), &Settings::new()).unwrap();
    let large = queue.put(&"x".repeat(2 << 20));
    assert!(matches!(large, Err(Error::TooLarge(_))), "{large:?}");
    queue.put(&"x".to_string()).unwrap();
    let settings = Settings::new().max_task_size(1000);
    let queue: Queue<String> = Queue::open(&server.address, &name(), &settings).unwrap();
    let large = queue.put(&"x".repeat(1000));
    assert!(matches!(large, Err(Error::TooLarge(_))), "{large:?}");
    queue.put(&"x".repeat(500)).unwrap();
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = Port::keep();
    let address = port.address().to_string();
    let url = format!("nats://me:secret@{address}");
    let error = Queue::<u64>::open(&url, "q", &Settings::new()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("cannot connect to nats://{address}: ")),
        "{text}"
    );
    assert!(
        text.contains("refused") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
#[ignore = "needs nats-server"]
fn a_dropped_queue_leaves_no_thread() {
    let server = Server::start();
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let queue = server.queue(&name(), &Settings::new());
    queue.put(&1).unwrap();
    let task = queue.get(DEADLINE).unwrap();
    let before = threads();
    drop(queue);
    // A task is enough to keep it.
    task.done(&1).unwrap();
    until("its thread has ended", || threads() < before);
}
