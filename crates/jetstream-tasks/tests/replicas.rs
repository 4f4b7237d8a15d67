//! Three servers, of which some are killed.
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use jetstream_tasks::{Error, Queue, Settings};
use support::cluster::Cluster;
use support::{DEADLINE, Worker, assert_accounts, join, name};

#[test]
#[ignore = "needs nats-server"]
fn the_leader_of_three_is_killed_while_tasks_are_put_and_done() {
    let mut cluster = Cluster::start();
    let name = name();
    let settings = Settings::new().replicas(3).ack_wait(Duration::from_secs(2));
    let queue: Queue<u64> = Queue::open(&cluster.address(), &name, &settings).unwrap();
    let far: Queue<u64> = Queue::open(&cluster.address(), &name, &settings).unwrap();
    let worker = Worker::start(&far, |n| n + 1);
    let mut ids = Vec::new();
    for n in 0..300 {
        if n == 100 {
            let leader = queue.leader().unwrap();
            cluster.of(&leader).kill();
        }
        ids.push(queue.put(&n).unwrap());
    }
    for (n, id) in (1_u64..).zip(&ids) {
        assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), n);
    }
    join(&queue);
    worker.stop();
    assert_accounts(&queue, 300);
}

#[test]
#[ignore = "needs nats-server"]
fn all_three_are_killed_and_started_again() {
    let mut cluster = Cluster::start();
    let settings = Settings::new().replicas(3).ack_wait(Duration::from_secs(2));
    let queue: Queue<u64> = Queue::open(&cluster.address(), &name(), &settings).unwrap();
    let values: Vec<u64> = (0..500).collect();
    assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
    let done = queue.get_batch(100, DEADLINE).unwrap();
    let done_before = done.len() as u64;
    let done = queue
        .done_many(done.into_iter().map(|task| (task, 0)))
        .unwrap();
    assert!(done.iter().all(Result::is_ok));
    for server in &mut cluster.servers {
        server.kill();
    }
    for server in &mut cluster.servers {
        server.restart();
    }
    let stats = queue.stats().unwrap();
    assert_eq!(stats.done, done_before);
    assert!(stats.done + stats.waiting >= 500, "{stats:?}");
    let worker = Worker::start(&queue, |_| 0);
    join(&queue);
    worker.stop();
    assert_accounts(&queue, 500);
}

#[test]
#[ignore = "needs nats-server"]
fn a_full_queue_of_three_refuses_and_loses_nothing() {
    let cluster = Cluster::start();
    let settings = Settings::new().replicas(3).max_tasks(20);
    let queue: Queue<u64> = Queue::open(&cluster.address(), &name(), &settings).unwrap();
    let values: Vec<u64> = (0..60).collect();
    let put = queue.put_many(&values).unwrap();
    let accepted = put.iter().filter(|put| put.is_ok()).count();
    assert!(
        put.iter()
            .flat_map(|p| p.as_ref().err())
            .all(|e| matches!(e, Error::Full(_)))
    );
    assert_eq!(accepted, 20);
    assert_accounts(&queue, accepted);
}
