//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]

use common::testing::{Manners, Program, example, mask_numbers, numbers};
use predicates::prelude::*;

fn process() -> Program {
    Program::new(env!("CARGO_BIN_EXE_process"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_process"))
        .wrong(&["--name"])
        .check();
}

/// The four lines, with the child's name; the numbers related.
fn check(program: Program, name: &str) {
    let done = program.run().success();
    let lines = done.lines();
    let [parent, start, child, end] = lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(parent, format!("Parent process {}.", done.pid));
    assert_eq!(start, "Process will start.");
    assert_eq!(
        mask_numbers(child),
        format!("Run child process {name} (#)... ")
    );
    assert_ne!(numbers(child)[0], u64::from(done.pid));
    assert_eq!(end, "Process end.");
}

#[test]
fn the_transcript() {
    for _ in 0..20 {
        check(process(), "test");
    }
    check(process().args(["--name", "another"]), "another");
}

#[test]
fn example_spawn() {
    check(Program::new(example("spawn")), "test");
    // There is no way from a child to a child.
    let spawn = || Program::new(example("spawn"));
    spawn()
        .args(["--role", "parent"])
        .run()
        .assert()
        .code(1)
        .stderr("spawn: there is no role 'parent'\n");
    let stderr = predicate::str::starts_with("spawn: not started by a parent");
    spawn()
        .args(["--role", "run_child"])
        .run()
        .assert()
        .code(1)
        .stdout("")
        .stderr(stderr);
    let deeper = b"\x04test\x02".to_vec();
    let done = spawn().args(["--role", "run_child"]).stdin(deeper).run();
    done.assert()
        .code(1)
        .stderr("spawn: a child starts no children\n");
}

#[test]
fn example_crash_isolation() {
    let done = Program::new(example("crash_isolation")).run();
    let masked: Vec<_> = done.lines().into_iter().map(mask_numbers).collect();
    assert_eq!(
        masked,
        [
            "Two processes, one of them crashes:",
            "  process 'crashes' (#) was killed by SIGSEGV",
            "  process 'goes on' (#) exited with status #",
            "Two threads of one process, one of them crashes:",
            "  process 'both' (#) was killed by SIGABRT; it had done # of #",
        ]
    );
    assert_eq!(numbers(done.lines()[2])[1], 0);
    assert_eq!(numbers(done.lines()[4])[1..], [0, 1]);
    assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
}
