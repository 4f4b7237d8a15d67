//! `manager.Pool()` of Python programs, its tasks done by Python programs.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use common::testing::{Program, Python, Running, example};
use rustix::process::{Pid, Signal, kill_process};
use support::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python")
}

/// Every Python that has what the workers need.
fn capable_pythons() -> Vec<Python> {
    let mut pythons = named_pythons();
    pythons.retain(|python| !python.is_2());
    assert!(!pythons.is_empty(), "no Python 3");
    pythons
}

/// A server on a port of its own, with so many workers.
fn serve(python: &Python, workers: usize, args: &[&str]) -> (Running, String) {
    let mut server = Program::new(example("serve_python"))
        .args(["--address", "127.0.0.1:0", "--python"])
        .arg(&python.path)
        .args(["--pool-workers", &workers.to_string()])
        .args(args)
        .env("PYTHONPATH", folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .start();
    let address = server.next_address();
    (server, address)
}

fn client(python: &Python, address: &str, what: &str) -> Program {
    let (host, port) = address.rsplit_once(':').unwrap();
    python.script(HERE, "pool_client").args([host, port, what])
}

/// Workers that are started by hand, as on another machine.
fn workers(python: &Python, address: &str, count: usize) -> Running {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/python/pool_worker.py");
    let mut running = Program::new(&python.path)
        .arg(script)
        .args(["--processes", &count.to_string(), address])
        .env("PYTHONPATH", folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .start();
    assert_eq!(
        running.next_line(),
        format!("{count} pool workers for {address}")
    );
    running
}

/// The chapter's three programs, each as it is called there.
#[test]
#[ignore = "needs python3"]
fn the_chapters_pool_squares() {
    let docs = Path::new(HERE).join("../docs/python");
    let program = docs.join("squares_in_pool.py");
    for python in capable_pythons() {
        let (server, address) = serve(&python, 0, &[]);
        let mut workers = Program::new(&python.path)
            .arg(docs.join("pool_worker.py"))
            .args(["--processes", "4", "--main"])
            .arg(&program)
            .arg(&address)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .start();
        workers.next_line();
        let done = Program::new(&python.path).arg(&program).arg(&address).run();
        let expected = "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]";
        assert_eq!(done.success().lines(), [expected], "{}", python.version);
        workers.signal(Signal::TERM);
        workers.finish();
        server.interrupt();
        server.finish();
    }
}

/// Processes with this port on their command lines, or made by such.
fn processes_of(address: &str) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(address)
        })
        .collect()
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    // It may have ended meanwhile.
    let _ = kill_process(pid, Signal::KILL);
}

#[test]
#[ignore = "needs python3"]
fn an_unmodified_python_finds_its_pool() {
    for python in capable_pythons() {
        let (server, address) = serve(&python, 4, &[]);
        let done = client(&python, &address, "everything").run().success();
        assert_eq!(done.lines(), ["all as expected"], "{}", python.version);
        server.interrupt();
        server.finish();
        assert_eq!(processes_of(&address), [], "{}", python.version);
    }
}

#[test]
#[ignore = "needs python3"]
fn workers_come_and_go_while_a_map_runs() {
    let python = capable_pythons().pop().unwrap();
    let (server, address) = serve(&python, 0, &["--pool-retries", "100"]);
    let mut client = client(&python, &address, "many").start();
    assert_eq!(client.next_line(), "begun");
    let mut crews = vec![workers(&python, &address, 2)];
    for round in 1..=8 {
        client.line_where(|line| line == (round * 20).to_string());
        crews.push(workers(&python, &address, 2));
        let gone = crews.remove(0);
        if round % 2 == 0 {
            // Together with its workers, which the kernel sees to.
            gone.signal(Signal::KILL);
        } else {
            // One worker, with whatever it is doing.
            gone.descendants()
                .first()
                .copied()
                .into_iter()
                .for_each(kill);
            gone.signal(Signal::TERM);
        }
        gone.finish();
    }
    assert_eq!(
        client.finish().success().lines().last(),
        Some(&"all as expected")
    );
    drop(crews);
    server.interrupt();
    server.finish();
    until("nobody stays", || processes_of(&address).is_empty());
}

#[test]
#[ignore = "needs python3"]
fn no_worker_stays_behind_whatever_its_server_dies_of() {
    for python in capable_pythons() {
        for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
            let (server, address) = serve(&python, 3, &[]);
            let mut client = client(&python, &address, "stuck").start();
            assert_eq!(client.next_line(), "begun");
            until("all are there", || processes_of(&address).len() >= 4);
            server.signal(signal);
            server.finish();
            until("nobody stays", || processes_of(&address).is_empty());
            // The client is told, too.
            assert!(!client.finish().status.success());
        }
    }
}

#[test]
#[ignore = "needs python3"]
fn without_workers_there_is_an_error() {
    let python = capable_pythons().pop().unwrap();
    let (server, address) = serve(&python, 0, &[]);
    let done = client(&python, &address, "many").run();
    assert!(done.stderr.contains("no worker has come within 10s"));
    server.interrupt();
    server.finish();
}
