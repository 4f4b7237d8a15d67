//! CPython's own tests of managers, of every CPython found, on our server.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use common::testing::{Program, Python, Running};
use support::*;

/// What passes on CPython's own server and not on ours, and why: nothing.
const NOT_HERE: [(&str, &str); 0] = [];

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

/// The tests that pass on the server at this port; 0 is CPython's own.
fn passing(python: &Python, port: &str) -> BTreeSet<String> {
    let suites = python.script(HERE, "suites").arg(port);
    let done = suites.deadline(Duration::from_secs(600)).run();
    let lines = done.lines();
    assert_eq!(lines.last(), Some(&"done"), "{}: {done:?}", python.version);
    let passed = lines.iter().filter_map(|line| line.strip_prefix("ok "));
    passed.map(ToString::to_string).collect()
}

#[test]
#[ignore = "needs python3 with its package test"]
fn what_passes_on_cpythons_own_server_passes_on_ours() {
    let mut tried = 0;
    for python in named_pythons() {
        let minor: Option<u32> = python.version.strip_prefix("3.").and_then(|rest| {
            let minor = rest.split('.').next()?;
            minor.parse().ok()
        });
        let has_tests = Program::new(&python.path)
            .args(["-c", "import test._test_multiprocessing"])
            .run();
        if minor.is_none_or(|minor| minor < 8) || !has_tests.status.success() {
            continue;
        }
        tried += 1;
        let mut server = serve().start();
        let address = server.next_address();
        let workers = workers(&python, &address);
        let ours = passing(&python, address.rsplit(':').next().unwrap());
        workers.signal(rustix::process::Signal::TERM);
        workers.finish();
        server.interrupt();
        server.finish();
        let theirs = passing(&python, "0");
        eprintln!(
            "{}: {} pass on ours, {} on CPython's",
            python.version,
            ours.len(),
            theirs.len()
        );
        let missing: Vec<_> = theirs
            .difference(&ours)
            .filter(|name| !NOT_HERE.iter().any(|(known, _)| name == known))
            .collect();
        assert!(missing.is_empty(), "{}: {missing:#?}", python.version);
        assert!(ours.len() >= 60, "{}: only {}", python.version, ours.len());
    }
    assert!(tried > 0, "no Python 3.8 or later with its package `test`");
}
