//! Masters and workers in Python on one side, ours on the other.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use support::*;

/// (Python 2.7 takes 40 s to end: it tries for 20 s to tell a master that has
/// ended good-bye, for each of its two proxies.)
#[test]
#[ignore = "needs python3"]
fn workers_of_every_python_help_our_master() {
    for python in named_pythons() {
        let mut master = distributed()
            .args(["master", "--address", "127.0.0.1:0"])
            .start();
        let address = master.next_address();
        let port = address.rsplit(':').next().unwrap();
        let worker = python
            .script(HERE, "worker")
            .args([port, "0"])
            .run()
            .success();
        let master = master.finish().success();
        let put = master_transcript(&master.lines()[1..], 10);
        let mut done = worker_transcript(&worker.lines());
        done.sort_unstable();
        assert_eq!(put, done, "{}", python.version);
    }
}

#[test]
#[ignore = "needs python3"]
fn our_worker_helps_masters_of_every_python() {
    for python in named_pythons() {
        let mut master = python.script(HERE, "master").arg("0").start();
        let address = master.next_address();
        let worker = distributed()
            .args(["worker", "--address", &address, "--pause", "0"])
            .run()
            .success();
        let master = master.finish().success();
        let put = master_transcript(&master.lines()[1..], 10);
        let mut done = worker_transcript(&worker.lines());
        done.sort_unstable();
        assert_eq!(put, done, "{}", python.version);
    }
}

#[test]
#[ignore = "needs python3"]
fn workers_of_all_pythons_and_ours_help_one_master_together() {
    let pythons = named_pythons();
    let tasks = 10 * (pythons.len() + 1);
    let mut master = distributed()
        .args([
            "master",
            "--address",
            "127.0.0.1:0",
            "--tasks",
            &tasks.to_string(),
        ])
        .start();
    let address = master.next_address();
    let port = address.rsplit(':').next().unwrap();
    let mut workers: Vec<_> = pythons
        .iter()
        .map(|python| python.script(HERE, "worker").args([port, "0.01"]).start())
        .collect();
    let ours = ["worker", "--address", &address, "--pause", "0.01"];
    workers.push(distributed().args(ours).start());
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker_transcript(&worker.finish().success().lines()));
    }
    let master = master.finish().success();
    done.sort_unstable();
    assert_eq!(master_transcript(&master.lines()[1..], tasks), done);
}
