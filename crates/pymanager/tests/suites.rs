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

/// What does not pass on our server, nor on CPython's, and why. The chapter on managers
/// has this list.
const NOT_HERE: [(&str, &str); 7] = [
    ("test_failing_queue", OF_A_CLASS),
    ("test_references", OF_THE_ITEM),
    ("test_is_default", "about the module `queue`"),
    ("test_shutdown_allowed_transitions", ATTRIBUTES),
    ("test_shutdown_get_task_done_join", ATTRIBUTES),
    ("test_shutdown_immediate_put_join", ATTRIBUTES),
    ("test_shutdown_put_join", ATTRIBUTES),
];
const OF_A_CLASS: &str = "a class made in the test, whose code would have to run in the manager";
const OF_THE_ITEM: &str = "expects the very object that was put; what comes out is equal";
const ATTRIBUTES: &str = "reads an attribute of the queue; a proxy has methods alone";

/// What passes at times only, on whatever server, and why.
const AT_TIMES: [(&str, &str); 4] = [
    ("CSimpleQueueTest.test_many_threads", OVERTAKEN),
    ("CSimpleQueueTest.test_many_threads_nonblock", OVERTAKEN),
    ("CSimpleQueueTest.test_many_threads_timeout", OVERTAKEN),
    (
        "CSimpleQueueTest.test_reentrancy",
        "garbage is collected in the middle of a proxy's call, and makes another one",
    ),
];
const OVERTAKEN: &str = "up to 3.10 what says that all is over may overtake the last items";

/// How long a suite may take.
const PATIENCE: Duration = Duration::from_secs(600);

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
        .deadline(PATIENCE)
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
        .deadline(PATIENCE)
        .start();
    workers.next_line();
    workers
}

fn is_listed(list: &[(&str, &str)], test: &str) -> bool {
    let name = test.split(':').next().unwrap_or_default();
    let method = name.rsplit('.').next();
    list.iter()
        .any(|(listed, _)| name == *listed || method == Some(*listed))
}

/// On our server passes what passes on CPython's; what does not is listed. Gives what
/// passes on CPython's.
fn compare(python: &Python, suite: &str, ours: &Outcome) -> BTreeSet<String> {
    let theirs = run(python, suite, "0").passed;
    eprintln!(
        "{} {suite}: {} pass on ours, {} on CPython's",
        python.version,
        ours.passed.len(),
        theirs.len()
    );
    let missing: Vec<_> = theirs
        .difference(&ours.passed)
        .filter(|test| !is_listed(&AT_TIMES, test))
        .collect();
    assert!(missing.is_empty(), "{}: {missing:#?}", python.version);
    let unexplained: Vec<_> = ours
        .failed
        .iter()
        .filter(|test| !is_listed(&NOT_HERE, test) && !is_listed(&AT_TIMES, test))
        .collect();
    assert!(
        unexplained.is_empty(),
        "{}: {unexplained:#?}",
        python.version
    );
    theirs
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

/// A server with as much time as a suite has.
fn patient_server() -> (Running, String) {
    let mut server = serve().deadline(PATIENCE).start();
    let address = server.next_address();
    (server, address)
}

fn stop(server: Running) {
    server.interrupt();
    server.finish();
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap()
}

#[test]
#[ignore = "needs python3 with its package test"]
fn what_passes_on_cpythons_own_server_passes_on_ours() {
    for python in pythons_with("test._test_multiprocessing") {
        let (server, address) = patient_server();
        let workers = workers(&python, &address);
        let ours = run(&python, "suites", port(&address));
        workers.signal(rustix::process::Signal::TERM);
        workers.finish();
        stop(server);
        compare(&python, "suites", &ours);
        assert!(ours.passed.len() >= 60, "{}", python.version);
    }
}

#[test]
#[ignore = "needs python3 with its package test"]
fn more_tests_of_queues_pass_than_on_cpythons_own_server() {
    for python in pythons_with("test.test_queue") {
        let (server, address) = patient_server();
        let ours = run(&python, "queue_suites", port(&address));
        stop(server);
        // It has all four classes of queues, which had to be registered: a `SyncManager`
        // as it comes has `Queue` alone.
        let mut theirs = compare(&python, "queue_suites", &ours);
        theirs.retain(|test| test.starts_with("CQueueTest."));
        let more = ours.passed.len() - theirs.len();
        eprintln!("{}: {more} more than on SyncManager", python.version);
        assert!(more >= 12, "{}: {more} more", python.version);
    }
}

#[test]
fn the_chapter_lists_what_does_not_pass() {
    let chapter = Path::new(HERE).join("../../docs/src/managers.md");
    let chapter = std::fs::read_to_string(chapter).unwrap();
    for (name, _) in NOT_HERE.iter().chain(&AT_TIMES) {
        let method = name.rsplit('.').next().unwrap();
        assert!(chapter.contains(&format!("`{method}`")), "{method}");
    }
}
