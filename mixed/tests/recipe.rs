//! The recipe and its example, from outside.
#![forbid(unsafe_code)]

use common::testing::{Manners, Program, assert_headers_tell, at_once, numbers};

const RECIPE: &str = env!("CARGO_BIN_EXE_mixed");

#[test]
fn manners() {
    // How it ends by signals is in the tests of the server.
    Manners::of(RECIPE)
        .quick(&["--processes", "1", "--threads", "1"])
        .wrong(&["--processes 0", "--threads x"])
        .check();
}

#[test]
fn wrong_options_of_serve_are_usage_errors() {
    for wrong in [
        &["--address", "nowhere"][..],
        &["--grace", "-1"],
        &["--requests", "0"],
    ] {
        let done = Program::new(RECIPE).arg("serve").args(wrong).run();
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        assert!(done.stderr.contains(wrong[0]), "{done:?}");
    }
}

/// So many threads of as many processes as there should be.
fn check_held(lines: &[&str], processes: usize, threads: usize) -> Vec<u64> {
    assert_eq!(lines.len(), processes * threads, "{lines:?}");
    let mut pids = Vec::new();
    for of_one in lines.chunks(threads) {
        let pid = numbers(of_one[0])[0];
        for (n, line) in (1..).zip(of_one) {
            assert_eq!(*line, format!("  process {pid}, Thread-{n}"));
        }
        pids.push(pid);
    }
    pids
}

#[test]
fn a_killed_process_takes_its_own_connections_along() {
    at_once([(2, 3), (1, 1), (3, 2), (2, 1)], |(processes, threads)| {
        let count = processes * threads;
        let done = Program::new(RECIPE)
            .args(["--processes", &processes.to_string()])
            .args(["--threads", &threads.to_string()])
            .run()
            .success();
        let lines = done.lines();
        assert_eq!(
            lines[0],
            format!("{count} connections are made, and each holds a thread:")
        );
        let before = check_held(&lines[1..=count], processes, threads);
        let victim = before[0];
        let rest = &lines[count + 1..];
        assert_eq!(rest[0], format!("Process {victim} is killed."));
        let others = count - threads;
        assert_eq!(
            rest[1],
            format!("{threads} connections broke, {others} were answered.")
        );
        assert_eq!(rest[2], format!("{count} more connections:"));
        let after = check_held(&rest[3..3 + count], processes, threads);
        assert!(before[1..].iter().all(|pid| after.contains(pid)));
        assert!(!after.contains(&victim));
        assert_eq!(
            rest[3 + count..],
            [
                format!("A new process has taken the place of {victim}."),
                "The server has ended.".to_string()
            ]
        );
    });
}

#[test]
fn the_headers_tell_what_the_examples_print() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}
