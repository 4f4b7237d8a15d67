//! What programs that share data promise besides what they print.
#![forbid(unsafe_code)]

use std::thread;
use std::time::{Duration, Instant};

use common::testing::{Program, example, until};
use rustix::process::{Pid, Signal, kill_process};

const EXAMPLES: [&str; 4] = [
    "shared_data",
    "progress_counter",
    "stop_flag",
    "meet_at_barrier",
];

/// For one that is hit.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the only line is that is like this.
fn at(lines: &[&str], line: &str) -> usize {
    let found: Vec<_> = (0..lines.len()).filter(|at| lines[*at] == line).collect();
    assert_eq!(found.len(), 1, "{line}: {lines:?}");
    found[0]
}

#[test]
fn nobody_stops_before_the_flag_is_set() {
    for _ in 0..20 {
        let run = Program::new(example("stop_flag")).run().success();
        let lines = run.lines();
        for n in [1, 2] {
            let stops = at(&lines, &format!("worker {n} stops"));
            assert!(stops > at(&lines, "stop"), "{lines:?}");
            let works = at(&lines, &format!("worker {n} is at work"));
            assert!(stops > works, "{lines:?}");
        }
    }
}

#[test]
fn nobody_begins_before_all_have_met() {
    for _ in 0..20 {
        let run = Program::new(example("meet_at_barrier")).run().success();
        let lines = run.lines();
        let parts = |text| lines.iter().filter(move |line| line.ends_with(text));
        assert_eq!(parts("has done part 1").count(), 3, "{lines:?}");
        assert_eq!(parts("begins part 2").count(), 3, "{lines:?}");
        let first = lines.iter().position(|line| line.ends_with("part 2"));
        assert_eq!(first, Some(3), "{lines:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error_and_a_wrong_option_is() {
    for name in EXAMPLES {
        let left = Program::new(example(name)).head_1();
        left.assert().success();
        // The program ends with its reader. A worker that still needs its manager
        // may say that it has ended.
        for line in left.stderr.lines() {
            assert!(
                line.starts_with("worker ") && !line.contains("panicked"),
                "{left:?}"
            );
        }
        let wrong = Program::new(example(name)).arg("--bogus").run();
        wrong.assert().code(2).stdout("");
        let help = Program::new(example(name)).arg("--help").run().success();
        assert!(help.lines()[0].ends_with('.'), "{help:?}");
    }
}

/// Whatever a worker was doing: the others end, and the program says who died.
#[test]
fn a_killed_worker_keeps_nobody() {
    let (mut rounds, mut died) = (0, 0);
    let begun = Instant::now();
    // Ten rounds, and more where nobody was hit: a busy machine may let them all
    // end first.
    while rounds < 10 || died == 0 {
        assert!(begun.elapsed() < PATIENCE || died > 0, "nobody was hit");
        for name in EXAMPLES {
            let running = Program::new(example(name)).start();
            until("some are there, or none any more", || {
                running.descendants().len() > 1 || !running.is_running()
            });
            let workers = running.descendants();
            // They start, connect, wait, or are done.
            thread::sleep(Duration::from_millis(rounds % 10));
            if let Some(worker) = workers.last() {
                let worker = Pid::from_raw(worker.cast_signed()).unwrap();
                // It may have ended meanwhile.
                let _ = kill_process(worker, Signal::KILL);
            }
            let done = running.finish();
            if !done.status.success() {
                assert!(done.stderr.contains("was killed by SIGKILL"), "{done:?}");
                done.assert().code(1);
                died += 1;
            }
        }
        rounds += 1;
    }
    eprintln!("{died} were hit");
}
