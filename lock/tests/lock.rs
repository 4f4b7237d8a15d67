//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use common::testing::{Manners, Program, example, mask_numbers};

fn lock() -> Program {
    Program::new(env!("CARGO_BIN_EXE_lock"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_lock"))
        .quick(&["--without-lock", "--rounds", "5000"])
        .wrong(&["--threads=-1", "--threads=10001", "--rounds=many"])
        .check();
}

fn run(name: &str) -> Vec<String> {
    let done = Program::new(example(name)).run().success();
    done.lines().iter().map(ToString::to_string).collect()
}

#[test]
fn the_transcript() {
    for _ in 0..20 {
        assert_eq!(lock().run().success().stdout, "0\n");
    }
}

#[test]
fn any_number_of_threads_and_rounds() {
    for args in [
        ["--threads", "0", "--rounds", "5"],
        ["--threads", "1", "--rounds", "0"],
        ["--threads", "17", "--rounds", "1000"],
    ] {
        assert_eq!(lock().args(args).run().success().stdout, "0\n");
    }
}

/// A balance in each line, and a second line that fits it.
fn without_lock(program: Program) -> i64 {
    let done = program.arg("--without-lock").run().success();
    let lines = done.lines();
    let balance: i64 = lines[0].parse().unwrap();
    let expected = match balance {
        0 => "This time the balance is right. Nothing made sure that it would be.",
        _ => "The balance should be 0: updates were lost between a load and its store.",
    };
    assert_eq!(lines[1..], [expected]);
    balance
}

#[test]
fn without_the_lock_updates_are_lost() {
    // One run that goes wrong is enough; where there is one core, or another
    // program has the second, a run may go well.
    assert!((0..20).any(|_| without_lock(lock()) != 0));
}

#[test]
fn a_balance_that_is_right_by_luck_is_said_to_be() {
    assert_eq!(without_lock(lock().args(["--threads", "1"])), 0);
}

#[test]
fn ctrl_c_ends_it() {
    let running = lock().args(["--rounds", "1000000000000"]).start();
    running.interrupt();
    assert!(!running.finish().status.success());
}

#[test]
fn a_deadlock_is_noticed_and_cured() {
    let mut lines = run("deadlock");
    // In pairs, the two threads may speak in either order.
    for pair in [1..3, 3..5, 6..8] {
        lines[pair].sort();
    }
    assert_eq!(
        lines,
        [
            "In opposite order:",
            "MainThread has left and wants right",
            "Thread-B has right and wants left",
            "MainThread gave up after 0.5 s: right is still taken",
            "Thread-B gave up after 0.5 s: left is still taken",
            "In one order:",
            "MainThread has left and right",
            "Thread-B has left and right",
        ]
    );
}

#[test]
fn a_lock_between_processes_outlives_its_owner() {
    for _ in 0..20 {
        let lines = run("process_lock");
        let mut printers = Vec::new();
        for pair in lines[..6].chunks(2) {
            let number = pair[0].strip_prefix("process ").unwrap();
            let number = number.strip_suffix(", line 1 of 2").unwrap();
            assert_eq!(pair[1], format!("process {number}, line 2 of 2"));
            printers.push(number);
        }
        printers.sort_unstable();
        assert_eq!(printers, ["0", "1", "2"]);
        assert_eq!(
            lines[6..]
                .iter()
                .map(|line| mask_numbers(line))
                .collect::<Vec<_>>(),
            [
                "the counter is # of #",
                "process 'owner' (#) was killed by SIGKILL",
                "the lock is mine; its owner died and left # of # written",
                "the lock is as good as new",
            ]
        );
        assert_eq!(lines[6], "the counter is 3000 of 3000");
        assert!(lines[8].ends_with("left 1 of 2 written"));
    }
}
