//! Many clients at once, and what they cost.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use pymanager::{Client, RemoteQueue, raise_descriptor_limit};
use support::*;

/// Many threads of a test that wait need little stack.
fn spawn_small<'s, R: Send + 's>(
    scope: &'s thread::Scope<'s, '_>,
    body: impl FnOnce() -> R + Send + 's,
) -> thread::ScopedJoinHandle<'s, R> {
    let builder = thread::Builder::new().stack_size(256 << 10);
    builder.spawn_scoped(scope, body).unwrap()
}

#[test]
fn a_hundred_clients_connecting_at_the_same_moment_all_succeed() {
    let master = Master::start();
    let together = Barrier::new(100);
    let address = master.address();
    thread::scope(|scope| {
        for n in 0..100 {
            let together = &together;
            spawn_small(scope, move || {
                together.wait();
                let client = Client::connect(address, &key()).unwrap();
                let task: RemoteQueue<i64> = client.queue("get_task_queue").unwrap();
                task.put(&n).unwrap();
            });
        }
    });
    let mut came: Vec<i64> = (0..100).map(|_| master.task.try_get().unwrap()).collect();
    came.sort_unstable();
    assert_eq!(came, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_thousand_workers_that_wait_cost_less_than_a_hundred_megabytes() {
    const WORKERS: i64 = 1_000;
    raise_descriptor_limit().unwrap();
    let mut server = serve().start();
    let address = server.next_address();
    let client = Client::connect(&address, &key()).unwrap();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                spawn_small(scope, || {
                    let client = Client::connect(&address, &key()).unwrap();
                    let task: RemoteQueue<i64> = client.queue("get_task_queue").unwrap();
                    task.get_timeout(Duration::from_secs(100)).unwrap()
                })
            })
            .collect();
        // One thread for each, besides main, acceptor, watcher.
        let threads = || number_in_status(server.pid(), "Threads:");
        until("all of them wait", || threads() >= WORKERS + 3);
        let memory = number_in_status(server.pid(), "VmHWM:");
        eprintln!("{WORKERS} workers that wait: {memory} kB");
        // Each of them is alive.
        let task: RemoteQueue<i64> = client.queue("get_task_queue").unwrap();
        for n in 0..WORKERS {
            task.put(&n).unwrap();
        }
        let mut got: Vec<_> = workers.into_iter().map(|w| w.join().unwrap()).collect();
        got.sort_unstable();
        assert_eq!(got, (0..WORKERS).collect::<Vec<_>>());
        assert!(memory < 100_000, "{memory} kB");
    });
    server.interrupt();
    server.finish();
}

/// A number of `/proc/PID/status`.
fn number_in_status(pid: u32, name: &str) -> i64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
