//! The examples, from outside: what their numbers have in common.
#![forbid(unsafe_code)]

use common::testing::{Program, Running, assert_ended_by, at_once, example, numbers, until};
use rustix::process::Signal;

fn run(name: &str) -> Vec<String> {
    let done = Program::new(example(name)).run().success();
    done.lines().iter().map(ToString::to_string).collect()
}

#[test]
fn all_connections_are_accepted_however_they_are_shared() {
    let lines = run("nginx");
    for line in &lines[2..6] {
        let counts = numbers(line);
        let accepted: u64 = counts[..3].iter().sum();
        assert_eq!(accepted, 300, "{lines:?}");
    }
    // Whoever has waited longest: nobody is passed over.
    assert!(
        numbers(&lines[2])[..3].iter().all(|count| *count > 50),
        "{lines:?}"
    );
    assert!(lines[6].contains(" 0 are refused"));
}

#[test]
fn while_a_coroutine_computes_no_other_goes_on() {
    let lines = run("blocking");
    let times = |line: &str| numbers(line)[0];
    assert_eq!(times(&lines[2]), 0, "{lines:?}");
    assert!(times(&lines[3]) > 0 && times(&lines[4]) > 0, "{lines:?}");
}

#[test]
fn a_killed_worker_costs_one_request() {
    at_once(0..5, |_| {
        let lines = run("pool_beside_loop");
        assert_eq!(lines[1], "GET /primes/1000: 200 OK, 168");
        let many = "20 requests at the same time: 20 times 200 OK";
        assert_eq!((&*lines[2], &*lines[4]), (many, many));
        assert!(lines[3].starts_with("GET /kill-worker: 500 Internal Server Error, task 21 "));
        assert!(lines[3].ends_with("was killed by SIGKILL"));
    });
}

#[test]
fn the_server_beside_a_pool_leaves_nobody() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let mut running = Program::new(example("pool_beside_loop"))
            .arg("--serve")
            .start();
        running.line_where(|line| line.starts_with("http://"));
        running.signal(signal);
        assert_ended_by(&running.finish(), signal);
    }
}

/// Nobody of twenty programs is left, however it ends.
#[test]
fn the_children_end_with_their_parent() {
    // Programs that stay until they are killed: those of the example may be over
    // before this test, on a busy machine, has seen one.
    let path = std::env::var("PATH").expect("it is set");
    let path = format!("{}/tests/stays:{path}", env!("CARGO_MANIFEST_DIR"));

    let ways: [fn(&Running, Signal); 2] = [Running::signal_group, Running::signal];
    let signals = [Signal::INT, Signal::TERM, Signal::HUP].into_iter();
    at_once(
        signals.flat_map(|signal| ways.map(|way| (signal, way))),
        |(signal, way)| {
            let running = Program::new(example("children")).env("PATH", &path).start();
            // It catches signals from when it has its first child.
            until("it has a child", || !running.descendants().is_empty());
            way(&running, signal);
            assert_ended_by(&running.finish(), signal);
        },
    );
}
