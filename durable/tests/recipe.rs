//! The recipe as its user meets it.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

use std::fs;
use std::time::Duration;

use common::testing::{Finished, Manners, Port, Program, Running, numbers};
use predicates::prelude::*;
use rustix::process::Signal;
use tempfile::TempDir;

fn durable() -> Program {
    Program::new(env!("CARGO_BIN_EXE_durable"))
}

/// A server for the roles to meet at.
struct Server {
    _running: Running,
    _folder: TempDir,
    address: String,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap();
        let running = Program::new("nats-server")
            .args(["-js", "-sd", path, "-a", "127.0.0.1", "-p", "-1"])
            .args(["--ports_file_dir", path])
            .deadline(Duration::from_secs(300))
            .start();
        let ports = folder
            .path()
            .join(format!("nats-server_{}.ports", running.pid()));
        let end = std::time::Instant::now() + Duration::from_secs(60);
        let address = loop {
            assert!(
                std::time::Instant::now() < end,
                "nats-server does not listen"
            );
            let text = fs::read_to_string(&ports).unwrap_or_default();
            let found = text.split('"').find(|word| word.starts_with("nats://"));
            if let Some(found) = found {
                break found.to_string();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Server {
            _running: running,
            _folder: folder,
            address,
        }
    }

    fn role(&self, role: &str) -> Program {
        durable().args([role, "--server", &self.address])
    }
}

/// What the lines that begin so say.
fn after<'a>(run: &'a Finished, start: &str) -> Vec<&'a str> {
    let lines = run.stdout.lines();
    lines.filter_map(|line| line.strip_prefix(start)).collect()
}

#[test]
#[ignore = "needs nats-server"]
fn a_worker_is_killed_and_its_task_is_done_by_another() {
    for seed in ["1", "2", "3"] {
        // Of this run alone: nothing may stay in it.
        let folder = TempDir::new().unwrap();
        let run = durable()
            .args(["--pause", "0.01", "--seed", seed])
            .env("TMPDIR", folder.path())
            .run()
            .success();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let first = |line: &&str| numbers(line)[0];
        let put: Vec<_> = after(&run, "Put task ").iter().map(first).collect();
        assert_eq!(put.len(), 10);
        let killed: Vec<_> = after(&run, "Kill worker 1 in the middle of task ")
            .iter()
            .map(first)
            .collect();
        assert_eq!(killed, put[..1]);
        // Each task is begun once; that of the worker that is killed, twice.
        let mut begun: Vec<_> = after(&run, "run task ").iter().map(first).collect();
        let mut expected = [&put[..], &killed].concat();
        begun.sort_unstable();
        expected.sort_unstable();
        assert_eq!(begun, expected);
        let results: Vec<_> = after(&run, "Result: ")
            .iter()
            .map(|line| numbers(line))
            .collect();
        let squares: Vec<_> = put.iter().map(|n| vec![*n, *n, n * n]).collect();
        assert_eq!(results, squares);
        assert_eq!(after(&run, "worker exit.").len(), 2);
        assert_eq!(after(&run, "Connect to server 127.0.0.1...").len(), 3);
        assert_eq!(run.lines().len(), 10 + 1 + 11 + 10 + 2 + 3 + 1);
    }
}

#[test]
#[ignore = "needs nats-server"]
fn master_and_workers_meet_at_a_server() {
    let server = Server::start();
    let master = server.role("master").args(["--tasks", "20"]).start();
    let workers: Vec<_> = (0..3)
        .map(|_| {
            server
                .role("worker")
                .args(["--pause", "0.05", "--timeout", "10"])
                .start()
        })
        .collect();
    let master = master.finish().success();
    let mut done = 0;
    for worker in workers {
        let worker = worker.finish().success();
        done += after(&worker, "run task ").len();
        assert_eq!(worker.lines().last(), Some(&"worker exit."));
    }
    assert_eq!(done, 20);
    assert_eq!(after(&master, "Result: ").len(), 20);
    let status = server.role("status").run().success();
    let expected = ["waiting or with workers: 0", "done: 20", "dead letters: 0"];
    assert_eq!(status.lines(), expected);
}

#[test]
#[ignore = "needs nats-server"]
fn a_master_that_is_killed_leaves_its_tasks_to_the_workers() {
    let server = Server::start();
    let mut master = server.role("master").start();
    master.line_where(|line| line.starts_with("Try get"));
    master.signal(Signal::KILL);
    drop(master);
    server.role("worker").args(["--pause", "0"]).run().success();
    let status = server.role("status").run().success();
    assert_eq!(status.lines()[1], "done: 10");
}

#[test]
#[ignore = "needs nats-server"]
fn nothing_stays_when_the_master_is_killed() {
    let folder = TempDir::new().unwrap();
    let mut run = durable()
        .args(["--pause", "50"])
        .env("TMPDIR", folder.path())
        .start();
    run.line_where(|line| line.starts_with("Try get"));
    run.signal(Signal::KILL);
    // Asserts that no process is left: neither workers nor the server.
    run.finish();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[ignore = "needs nats-server"]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_durable"))
        .quick(&["--pause", "0", "--tasks", "1"])
        .wrong(&[
            "boss",
            "--tasks=-1",
            "--tasks=0",
            "--pause=soon",
            "--timeout=-1",
        ])
        .long(&["--pause", "50"], |line| line.starts_with("Try get"))
        .check();
}

#[test]
fn without_nats_server_one_line_says_how_to_get_it() {
    let run = durable().env("PATH", "/nonexistent").run();
    let said = "durable: there is no nats-server on PATH: install it (apt-get install nats-server, \
                or https://github.com/nats-io/nats-server/releases), or give --server URL\n";
    run.assert().code(1).stdout("").stderr(said);
}

#[test]
fn without_a_server_there_one_line_says_where() {
    let port = Port::keep();
    let address = port.address().to_string();
    for role in ["master", "worker", "status"] {
        let run = durable().args([role, "--server", &address]).run();
        let said = format!("durable: cannot connect to {address}: ");
        run.assert()
            .code(1)
            .stderr(predicate::str::starts_with(said));
        assert_eq!(run.stderr.lines().count(), 1);
    }
}
