//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use common::testing::{Manners, Program, example};
use predicates::prelude::*;

fn threads() -> Program {
    Program::new(env!("CARGO_BIN_EXE_threads"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_threads"))
        .quick(&["--pause", "0.01"])
        .wrong(&["--count -1", "--pause -1", "--pause nan", "--pause soon"])
        .long(&["--pause", "1000"], |line| line.ends_with(">>> 1 "))
        .check();
}

fn transcript(name: &str, count: u32) -> String {
    let mut text = format!("thread MainThread is running...\nthread {name} is running...\n");
    for n in 1..=count {
        text += &format!("thread {name} >>> {n} \n");
    }
    text + &format!("thread {name} ended.\nthread MainThread ended.\n")
}

#[test]
fn the_transcript() {
    let done = threads().args(["--pause", "0.001"]).run().success();
    assert_eq!(done.stdout, transcript("LoopThread", 5));
}

#[test]
fn the_pause_is_one_second_by_default() {
    threads()
        .arg("--help")
        .run()
        .assert()
        .success()
        .stdout(predicate::str::contains("in seconds. [default: 1]"));
}

#[test]
fn name_and_count_are_free() {
    let long = "x".repeat(1000);
    for name in ["Counter", "", "one two", "线程", &long] {
        let program = threads().args(["--pause", "0", "--count", "2", "--name", name]);
        assert_eq!(program.run().success().stdout, transcript(name, 2));
    }
    let none = threads().args(["--count", "0"]).run().success();
    assert_eq!(none.stdout, transcript("LoopThread", 0));
}

#[test]
fn queue_join_waits_for_every_page() {
    for _ in 0..30 {
        let done = Program::new(example("queue_join")).run().success();
        let lines = done.lines();
        assert_eq!(lines[0], "Producer: 6 pages to print");
        assert_eq!(lines[7], "Producer: all pages are printed");
        let mut pages: Vec<_> = lines[1..7]
            .iter()
            .map(|line| line.split_once(" printed page ").unwrap())
            .collect();
        assert!(
            pages
                .iter()
                .all(|(name, _)| ["Printer-1", "Printer-2"].contains(name))
        );
        // One printer prints what it gets in order.
        for printer in ["Printer-1", "Printer-2"] {
            assert!(
                pages
                    .iter()
                    .filter(|(name, _)| *name == printer)
                    .is_sorted_by_key(|(_, page)| page)
            );
        }
        pages.sort_by_key(|(_, page)| *page);
        let pages: Vec<_> = pages.iter().map(|(_, page)| *page).collect();
        assert_eq!(pages, ["1", "2", "3", "4", "5", "6"]);
        let mut ends = lines[8..].to_vec();
        ends.sort_unstable();
        assert_eq!(
            ends,
            [
                "Printer-1: the queue is closed",
                "Printer-2: the queue is closed"
            ]
        );
    }
}

/// The rows of a table: the label of each and how many numbers it has.
fn shape<'a>(lines: &[&'a str]) -> Vec<(&'a str, usize)> {
    let row = |line: &&'a str| {
        let label = line
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
            .len();
        let numbers = line[label..].split_whitespace();
        assert!(
            numbers.clone().all(|number| number.parse::<f64>().is_ok()),
            "{line}"
        );
        (line[..label].trim(), numbers.count())
    };
    lines.iter().map(row).collect()
}

#[test]
fn io_bound_compares_two_ways() {
    let done = Program::new(example("io_bound")).run().success();
    let lines = done.lines();
    assert_eq!(lines[0], "50 tasks, each waits 20 ms for an answer");
    assert_eq!(lines[1], "way                    seconds   CPU seconds");
    assert_eq!(
        shape(&lines[2..]),
        [("one after another", 2), ("a thread for each", 2)]
    );
}

#[test]
fn process_or_thread_has_a_table() {
    let done = Program::new(example("process_or_thread")).run().success();
    let lines = done.lines();
    assert_eq!(lines[0], "microseconds                  process     thread");
    assert_eq!(shape(&lines[1..2]), [("start and wait for it", 2)]);
    assert_eq!(shape(&lines[2..3]), [("switch to it and back", 2)]);
    assert!(lines[3].starts_with("hand it 64 KiB   "));
    assert_eq!(lines.len(), 4);
}

/// For `too_many_tasks`, which lets everybody else go first a hundred thousand
/// times: each time another program, on a busy machine, for milliseconds.
const TURNS_TO_ALL: Duration = Duration::from_secs(900);

#[test]
fn too_many_tasks_has_a_line_for_each_count() {
    let program = Program::new(example("too_many_tasks"));
    let done = program.deadline(TURNS_TO_ALL).run().success();
    check_too_many_tasks(&done.lines(), false);
}

/// Where the system allows few threads the larger counts cannot be had: their
/// lines say so, and nothing else changes.
#[test]
fn too_many_tasks_says_where_the_system_stops() {
    // The limit is on all threads of a user, root excepted: as root, run as a
    // user that has none, from a place where that user may go.
    let own = rustix::process::getuid();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("too_many_tasks");
    fs::copy(example("too_many_tasks"), &program).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let most = if own.is_root() {
        0
    } else {
        threads_of(own.as_raw())
    } + 2_000;
    // One shell calls it `-u`, another `-p`.
    let script = "ulimit -u $0 2>&- || ulimit -p $0; exec \"$1\"";
    let mut limited = Program::new("sh")
        .args(["-c", script, &most.to_string()])
        .arg(&program)
        .deadline(TURNS_TO_ALL);
    if own.is_root() {
        limited = limited.uid(471_100);
    }
    check_too_many_tasks(&limited.run().success().lines(), true);
}

fn threads_of(user: u32) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let own = processes.filter(|entry| entry.metadata().is_ok_and(|file| file.uid() == user));
    let tasks = own.filter_map(|process| fs::read_dir(process.path().join("task")).ok());
    tasks.map(Iterator::count).sum()
}

fn check_too_many_tasks(lines: &[&str], limited: bool) {
    assert!(lines[0].starts_with("20000 slices of the same work"));
    assert_eq!(
        lines[1],
        "threads   start ms    work ms     CPU ms   switches"
    );
    assert_eq!(lines.len(), 7);
    for (line, threads) in lines[2..].iter().zip([1, 10, 100, 1_000, 10_000]) {
        assert!(line.starts_with(&format!("{threads:>7} ")), "{line}");
        // The machine that runs this test may have a limit of its own.
        if line.contains("cannot start more than") {
            assert!(threads > 100);
        } else {
            assert_eq!(shape(&[line]), [("", 5)]);
        }
    }
    if limited {
        assert!(lines[6].contains("cannot start more than"), "{}", lines[6]);
    }
}
