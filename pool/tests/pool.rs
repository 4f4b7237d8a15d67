//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};

use common::testing::{Finished, Manners, Program, at_once, mask_numbers, numbers};
use predicates::prelude::*;
use rustix::process::Signal;

fn pool() -> Program {
    Program::new(env!("CARGO_BIN_EXE_pool"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_pool"))
        .quick(&["--longest", "0.02"])
        .wrong(&[
            "--workers -1",
            "--workers 99999",
            "--tasks x",
            "--longest -3",
            "--longest nan",
        ])
        .long(&["--longest", "100", "--seed", "3"], |line| {
            line.starts_with("Run task")
        })
        .check();
}

/// What one worker may be doing, as the lines say so.
#[derive(Default)]
struct Seen {
    running: HashMap<u64, u64>, // task -> pid
    ended: HashMap<u64, u64>,
    pids: HashSet<u64>,
}

/// Checks a run of `workers` and `tasks`: every legal order, and no other.
fn check(done: &Finished, workers: usize, tasks: u64) {
    let lines = done.lines();
    assert_eq!(lines.len() as u64, 3 + 2 * tasks, "{lines:?}");
    assert_eq!(lines[0], format!("Parent process {}.", done.pid));
    assert_eq!(lines[1], "Waiting for all subprocess done...");
    assert_eq!(lines[lines.len() - 1], "All subprocess done.");
    let mut seen = Seen::default();
    for line in &lines[2..lines.len() - 1] {
        match mask_numbers(line).as_str() {
            "Run task # (#)... " => {
                let [task, pid] = numbers(line)[..] else {
                    panic!("{line}")
                };
                assert_ne!(pid, u64::from(done.pid));
                // A worker does one task at a time, and takes them in order.
                assert!(!seen.running.values().any(|busy| *busy == pid), "{lines:?}");
                assert!(seen.running.len() < workers, "{lines:?}");
                assert!(seen.running.insert(task, pid).is_none(), "{lines:?}");
                seen.pids.insert(pid);
            }
            "Task # runs #.# seconds." => {
                let task = numbers(line)[0];
                let pid = seen
                    .running
                    .remove(&task)
                    .unwrap_or_else(|| panic!("{lines:?}"));
                assert!(seen.ended.insert(task, pid).is_none());
            }
            _ => panic!("an odd line: {line}"),
        }
    }
    assert_eq!(seen.ended.len() as u64, tasks);
    assert!(seen.pids.len() <= workers);
}

#[test]
fn every_order_is_legal_over_many_seeds() {
    at_once(0..25, |seed| {
        let seed = seed.to_string();
        let done = pool()
            .args(["--longest", "0.05", "--seed", &seed])
            .run()
            .success();
        check(&done, 4, 5);
    });
}

/// Naps of which the first to end ends long after a start takes, and long before
/// the next.
#[test]
fn the_first_four_start_at_once_and_the_fifth_in_a_freed_worker() {
    let done = pool()
        .args(["--longest", "3", "--seed", "4783"])
        .run()
        .success();
    check(&done, 4, 5);
    let lines = done.lines();
    let starts = &lines[2..6];
    assert!(
        starts.iter().all(|line| line.starts_with("Run task")),
        "{lines:?}"
    );
    let started: HashSet<_> = starts.iter().map(|line| numbers(line)[0]).collect();
    assert_eq!(started, (0..4).collect());
    let pids: HashMap<_, _> = starts
        .iter()
        .map(|line| (numbers(line)[0], numbers(line)[1]))
        .collect();
    assert_eq!(pids.values().collect::<HashSet<_>>().len(), 4);
    assert!(lines[6].starts_with("Task "), "{lines:?}");
    let freed = pids[&numbers(lines[6])[0]];
    assert_eq!(numbers(lines[7]), [4, freed], "{lines:?}");
}

#[test]
fn a_seed_repeats_the_naps() {
    let run = || {
        let done = pool()
            .args(["--longest", "0.3", "--seed", "7", "--workers", "1"])
            .run()
            .success();
        let lines = done.lines();
        lines
            .iter()
            .filter(|line| line.starts_with("Run"))
            .map(|line| numbers(line)[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), [0, 1, 2, 3, 4]);
}

#[test]
fn other_sizes() {
    for (workers, tasks) in [(1, 3), (2, 7), (9, 4), (3, 0)] {
        let (w, t) = (workers.to_string(), tasks.to_string());
        let done = pool()
            .args(["--longest", "0.01", "--workers", &w, "--tasks", &t])
            .run()
            .success();
        check(&done, workers, tasks);
    }
    let done = pool()
        .args(["--longest", "0.01", "--workers", "0"])
        .run()
        .success();
    check(&done, num_cpus::get(), 5);
}

#[test]
fn a_killed_parent_takes_all_along() {
    let mut running = pool().args(["--longest", "100"]).start();
    running.line_where(|line| line.starts_with("Run task"));
    running.signal(Signal::KILL);
    running.finish(); // asserts that nobody is left
}

#[test]
fn more_workers_than_the_system_allows() {
    // Descriptors run out before processes do: the helper has one for each.
    let shell = "ulimit -n 20; exec \"$0\" --workers 64";
    let done = Program::new("/bin/sh")
        .args(["-c", shell, env!("CARGO_BIN_EXE_pool")])
        .run();
    done.assert().code(1).stderr(
        predicate::str::is_match("^pool: cannot start worker \\d+ of 64: Too many open files.*\n$")
            .unwrap(),
    );
}
