//! CPython's own tests of managers, of every CPython found, on our server.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use common::testing::Program;
use support::*;

/// What does not pass, and why: `Pool`, which is an error of its `setUpClass`,
/// and a barrier's action, need a server that runs code.
const NOT_HERE: [&str; 2] = ["WithManagerTestPool", "WithManagerTestBarrier.test_action"];

#[test]
#[ignore = "needs python3 with its package test"]
fn cpythons_own_tests_pass_on_our_server() {
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
        let port = address.rsplit(':').next().unwrap();
        let suites = python.script(HERE, "suites").arg(port);
        let done = suites.deadline(Duration::from_secs(600)).run();
        let lines = done.lines();
        assert_eq!(lines.last(), Some(&"done"), "{}: {done:?}", python.version);
        let passed = lines.iter().filter(|line| line.starts_with("ok ")).count();
        let failed: Vec<_> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("failed "))
            .filter(|name| !NOT_HERE.iter().any(|known| name.starts_with(known)))
            .collect();
        eprintln!("{}: {passed} pass", python.version);
        assert!(failed.is_empty(), "{}: {failed:#?}", python.version);
        assert!(passed >= 40, "{}: only {passed} pass", python.version);
        server.interrupt();
        server.finish();
    }
    assert!(tried > 0, "no Python 3.8 or later with its package `test`");
}
