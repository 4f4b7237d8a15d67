//! Somebody dies, or is told to end, in the middle.

use std::time::Duration;

use common::testing::{Running, at_once};
use pymanager::{Client, RemoteQueue};
use rustix::process::Signal;

use crate::fails_with_one_line;
use crate::support::*;

#[test]
fn a_worker_whose_master_dies_says_so_and_does_not_hang() {
    let (master, address) = start_master(2);
    // One task is never done: a master that has all its results ends in peace.
    let client = Client::connect(address.as_str(), &key()).unwrap();
    let tasks: RemoteQueue<i64> = client.queue("get_task_queue").unwrap();
    tasks.get_timeout(Duration::from_secs(50)).unwrap();
    let mut worker = start_workers(1, &address, "--pause 0 --timeout 50 --tasks 2").remove(0);
    worker.line_where(|line| line.starts_with("run task"));
    until("it waits for another task", || {
        let connections = client.status().unwrap().connections;
        connections.iter().any(|one| one.waiting)
    });
    master.signal(Signal::KILL);
    drop(master);
    let worker = worker.finish();
    fails_with_one_line(&worker, "the connection was closed: the manager has ended");
}

#[test]
fn a_worker_that_is_killed_while_it_waits_takes_no_task_along() {
    let master = Master::start();
    let address = master.address().to_string();
    let workers = start_workers(3, &address, "--tasks 10 --pause 0 --timeout 50");
    until("all three wait for a task", || master.task.waiting() == 3);
    workers[0].signal(Signal::KILL);
    // The items come while the kernel takes the process down; the first goes
    // to whoever has waited longest, perhaps the dying one.
    for n in 0..20 {
        master.task.put(&n).unwrap();
    }
    let mut results: Vec<String> = (0..20)
        .map(|_| {
            let result = master.result.get_timeout(Duration::from_secs(50));
            result.unwrap()
        })
        .collect();
    results.sort();
    let mut expected: Vec<_> = (0..20).map(|n| format!("{n} * {n} = {}", n * n)).collect();
    expected.sort();
    assert_eq!(results, expected);
    let mut workers = workers.into_iter();
    drop(workers.next());
    for worker in workers {
        worker.finish().success();
    }
}

#[test]
fn a_signal_ends_each_role_with_its_status_and_leaves_nobody() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let ended = |running: Running| {
            running.signal_group(signal);
            let run = running.finish();
            let code = 128 + signal.as_raw();
            run.assert().code(code).stderr("distributed: interrupted\n");
        };
        at_once(0..5, |_| {
            let mut both = distributed().args(["--pause", "50"]).start();
            // Master and worker print at the same time.
            let mut awaited = vec!["run task", "Try get"];
            while !awaited.is_empty() {
                let line = both.next_line();
                awaited.retain(|start| !line.starts_with(start));
            }
            ended(both);
        });
        let mut master = distributed()
            .args(["master", "--address", "127.0.0.1:0"])
            .start();
        let address = master.next_address();
        master.line_where(|line| line.starts_with("Try get"));
        let mut worker = distributed()
            .args(["worker", "--address", &address, "--pause", "50"])
            .start();
        worker.line_where(|line| line.starts_with("run task"));
        ended(worker);
        ended(master);
    }
}

#[test]
fn workers_that_find_all_work_done_exit_like_the_others() {
    for _ in 0..5 {
        let (master, address) = start_master(3);
        let workers = start_workers(4, &address, "--pause 0 --timeout 0.01 --tasks 1000000");
        let mut done: Vec<i64> = Vec::new();
        // One that comes when the master has ended finds nobody: these have
        // connected, or say so.
        for worker in workers {
            let worker = worker.finish();
            if worker.stderr.contains("cannot connect") {
                continue;
            }
            done.extend(worker_transcript(&worker.success().lines()));
        }
        let master = master.finish().success();
        done.sort_unstable();
        assert_eq!(master_transcript(&master.lines()[1..], 3), done);
    }
}

#[test]
fn no_tasks_are_soon_done() {
    let run = distributed().args(["--tasks", "0"]).run().success();
    let mut lines = run.lines();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "Connect to server 127.0.0.1...",
            "Try get results...",
            "worker exit."
        ]
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn a_worker_that_is_interrupted_gives_its_task_back() {
    let master = Master::start();
    let address = master.address().to_string();
    master.task.put(&7).unwrap();
    let mut worker = distributed()
        .args(["worker", "--address", &address, "--pause", "50"])
        .start();
    worker.line_where(|line| line.starts_with("run task 7"));
    worker.interrupt();
    assert_eq!(worker.finish().status.code(), Some(130));
    assert_eq!(master.task.try_get().unwrap(), 7);

    // While it waits, there is nothing to give back.
    let worker = distributed()
        .args(["worker", "--address", &address, "--timeout", "50"])
        .start();
    until("it waits for a task", || master.task.waiting() == 1);
    worker.interrupt();
    let worker = worker.finish();
    worker
        .assert()
        .code(130)
        .stderr("distributed: interrupted\n");
}

#[test]
fn a_master_whose_only_worker_dies_does_not_wait_for_results() {
    let mut both = distributed()
        .args(["--pause", "50", "--timeout", "50"])
        .start();
    both.line_where(|line| line.starts_with("run task"));
    let worker = both.descendants()[0];
    let worker = rustix::process::Pid::from_raw(worker.cast_signed()).unwrap();
    rustix::process::kill_process(worker, Signal::KILL).unwrap();
    fails_with_one_line(&both.finish(), "was killed by SIGKILL");
}
