//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use common::testing::{Manners, Program, Running, example, mask_numbers, numbers, until};
use predicates::prelude::*;
use rustix::process::Signal;

/// No answer takes longer, or something is wrong with the server.
const LONG: Duration = Duration::from_secs(60);

fn fork() -> Program {
    Program::new(env!("CARGO_BIN_EXE_fork"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_fork")).check();
}

#[test]
fn the_transcript_with_its_numbers_related() {
    for _ in 0..20 {
        let done = fork().run().success();
        let lines = done.lines();
        let [start, a, b] = lines[..] else {
            panic!("{lines:?}")
        };
        // The two processes may speak in either order.
        let (parent, child) = if a.starts_with("I (") { (a, b) } else { (b, a) };
        assert_eq!(mask_numbers(start), "Process (#) start...");
        assert_eq!(
            mask_numbers(parent),
            "I (#) just created a child process (#)."
        );
        assert_eq!(
            mask_numbers(child),
            "I am child process (#) and my parent is #."
        );
        let own = u64::from(done.pid);
        let child_pid = numbers(child)[0];
        assert_eq!(numbers(start), [own]);
        assert_eq!(numbers(parent), [own, child_pid]);
        assert_eq!(numbers(child), [child_pid, own]);
        assert_ne!(own, child_pid);
    }
}

#[test]
fn zombie_and_orphan_and_their_cures() {
    let done = Program::new(example("zombie_and_orphan")).run().success();
    let lines = done.lines();
    let masked: Vec<_> = lines.iter().map(|line| mask_numbers(line)).collect();
    assert_eq!(
        masked,
        [
            "Child # has ended and nobody has waited: its state is Z (zombie).",
            "After waitpid: # is gone.",
            "Orphan # had # for a parent; then it had #, the nearest subreaper.",
            "With PR_SET_PDEATHSIG: # is gone.",
        ]
    );
    assert_eq!(numbers(lines[0]), numbers(lines[1]));
    assert_eq!(numbers(lines[2])[2], u64::from(done.pid));
}

#[test]
fn the_orphan_does_not_outlive_a_reader_that_leaves() {
    for _ in 0..10 {
        let done = Program::new(example("zombie_and_orphan")).head_1(); // asserts that nobody is left
        assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
    }
}

/// A server on a free port, and its address.
fn server(children: &str) -> (Running, String) {
    let mut running = Program::new(example("prefork_server"))
        .args(["--address", "127.0.0.1:0", "--children", children])
        .start();
    let line = running.next_line();
    let address = line.split('/').nth(2).unwrap().to_string();
    (running, address)
}

/// The whole answer; empty when the connection just ends.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    // A server process that dies may leave a reset.
    if let Err(error) = stream.read_to_string(&mut answer) {
        assert!(error.kind() != ErrorKind::WouldBlock, "no answer");
    }
    answer
}

#[test]
fn each_request_has_a_process_of_its_own() {
    let (server, address) = server("4");
    let mut pids: Vec<_> = (0..10)
        .map(|_| {
            let answer = get(&address, "/");
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            *numbers(&answer).last().unwrap()
        })
        .collect();
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 10);
    assert!(!pids.contains(&u64::from(server.pid())));
    server.interrupt();
    assert_eq!(server.finish().status.code(), Some(130));
}

#[test]
fn a_crash_takes_only_its_own_request() {
    let (server, address) = server("4");
    for _ in 0..3 {
        assert_eq!(get(&address, "/crash"), "");
        assert!(get(&address, "/").contains("Hello"));
        assert!(get(&address, "/nowhere").starts_with("HTTP/1.1 404"));
    }
    // It tells them when it has waited for them, which may be after the answers.
    let told = |stderr: &str| stderr.matches("SIGABRT; serving goes on").count();
    until("all three are told", || told(&server.stderr()) == 3);
    server.signal(Signal::TERM);
    let done = server.finish();
    assert_eq!(done.status.code(), Some(143));
    assert_eq!(told(&done.stderr), 3, "{}", done.stderr);
}

#[test]
fn many_at_once_are_served_by_a_few() {
    let (server, address) = server("3");
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..10).for_each(|_| assert!(get(&address, "/").contains("Hello"))));
        }
    });
    server.interrupt();
    server.finish();
}

#[test]
fn no_more_children_than_allowed_and_none_left() {
    let (server, address) = server("2");
    // Clients that connect and say nothing: two are with a child each, the
    // third waits in the backlog.
    let silent: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    until("two children", || server.descendants().len() >= 2);
    for _ in 0..50 {
        assert_eq!(server.descendants().len(), 2);
    }
    server.interrupt();
    assert_eq!(server.finish().status.code(), Some(130));
    drop(silent);
}

#[test]
fn children_die_with_a_killed_server() {
    let (server, address) = server("2");
    let silent = TcpStream::connect(&address).unwrap();
    until("a child", || !server.descendants().is_empty());
    server.signal(Signal::KILL);
    server.finish(); // asserts that nobody is left
    drop(silent);
}

#[test]
fn an_address_in_use_is_one_clear_line() {
    let (first, address) = server("2");
    Program::new(example("prefork_server"))
        .args(["--address", &address])
        .run()
        .assert()
        .code(1)
        .stderr(
            predicate::str::is_match("^prefork_server: listen on .*: Address already in use.*\n$")
                .unwrap(),
        );
    first.interrupt();
    first.finish();
}
