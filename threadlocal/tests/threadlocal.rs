//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]

use common::testing::{Manners, Program, example, numbers};

fn threadlocal() -> Program {
    Program::new(env!("CARGO_BIN_EXE_threadlocal"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_threadlocal")).check();
}

fn sorted(program: Program) -> Vec<String> {
    let done = program.run().success();
    let mut lines: Vec<_> = done.lines().iter().map(ToString::to_string).collect();
    lines.sort();
    lines
}

#[test]
fn the_transcript_in_either_order() {
    for _ in 0..50 {
        assert_eq!(
            sorted(threadlocal()),
            ["Hello, Alice (in Thread-A)", "Hello, Bob (in Thread-B)"]
        );
    }
}

#[test]
fn every_thread_greets_its_own_student() {
    let students: Vec<String> = (1..=100).map(|number| format!("S{number}")).collect();
    let thread = |index: usize| match b'A'.checked_add(index as u8) {
        Some(letter @ b'A'..=b'Z') => char::from(letter).to_string(),
        _ => (index + 1).to_string(),
    };
    let mut expected: Vec<_> = students
        .iter()
        .enumerate()
        .map(|(index, student)| format!("Hello, {student} (in Thread-{})", thread(index)))
        .collect();
    expected.sort();
    for _ in 0..10 {
        assert_eq!(sorted(threadlocal().args(&students)), expected);
    }
}

#[test]
fn connection_per_thread() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = || Program::new(example("connection_per_thread")).env("TMPDIR", folder.path());
    for _ in 0..10 {
        let done = program().run().success();
        let lines = done.lines();
        // How the requests fall to the threads is anybody's guess.
        let threads = lines.len() - 1;
        assert!((1..=3).contains(&threads), "{lines:?}");
        assert_eq!(
            lines[0],
            format!("12 requests are in the database, stored over {threads} connections")
        );
        let counts = lines[1..].iter().map(|line| {
            assert!(line.starts_with("Thread-"));
            numbers(line)[1]
        });
        assert_eq!(counts.sum::<u64>(), 12);
    }
    let left = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 0, "the database is removed");
}
