//! Nobody is left behind, whatever ends the caller.
//!
//! [`Running::finish`] asserts that: it fails when a process that the program
//! has started outlives it.
#![forbid(unsafe_code)]

use common::testing::{Program, Running, assert_ended_by, at_once, example, until};
use rustix::process::Signal;

const ENDINGS: [Signal; 5] = [
    Signal::KILL,
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
];

fn recipe(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_subprocess")).args(args)
}

/// Waits until there are so many.
fn wait_for_descendants(running: &Running, count: usize) {
    until("so many", || running.descendants().len() >= count);
}

#[test]
fn a_program_dies_with_its_caller() {
    for how in ["call", "communicate"] {
        at_once(ENDINGS, |signal| {
            let running = recipe(&[how, "sleep", "1000"]).start();
            wait_for_descendants(&running, 1);
            running.signal(signal);
            assert_ended_by(&running.finish(), signal);
        });
    }
}

#[test]
fn with_a_time_out_its_whole_group_dies() {
    // The second has ended itself, and left two that have left it.
    for script in [
        "sleep 1000 & sleep 1000; true",
        "(sleep 1000 & sleep 1000; true) & exit 0",
    ] {
        at_once(ENDINGS, |signal| {
            let running = recipe(&["communicate", "--timeout", "1000", "sh", "-c", script]).start();
            wait_for_descendants(&running, 3);
            running.signal(signal);
            assert_ended_by(&running.finish(), signal);
        });
    }
}

/// Killed at any moment, the start of the program included.
#[test]
fn there_is_no_moment_at_which_one_escapes() {
    at_once(0..100, |round| {
        let script = "sleep 1000 & sleep 1000";
        let mut running = recipe(&["communicate", "--timeout", "1000", "sh", "-c", script]).start();
        running.next_line();
        for _ in 0..round * 50 {
            std::hint::black_box(running.pid());
            std::thread::yield_now();
        }
        running.signal(Signal::KILL);
        running.finish();
    });
}

#[test]
fn the_example_with_time_outs_leaves_nobody() {
    at_once(ENDINGS, |signal| {
        let mut running = Program::new(example("timeout")).start();
        running.line_where(|line| line.starts_with("In time"));
        // `sh`, and most likely its `sleep`.
        wait_for_descendants(&running, 1);
        running.signal(signal);
        assert_ended_by(&running.finish(), signal);
    });
}
