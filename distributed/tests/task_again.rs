//! Workers are killed, while they wait and at work, and no task is lost.
#![forbid(unsafe_code)]

use std::fs;

use common::testing::{Program, Running, example};
use rustix::process::{Pid, Signal, kill_process};

fn program() -> Program {
    Program::new(example("task_again"))
}

/// The worker in a line like `worker 2 does task 1`.
fn who(line: &str) -> &str {
    line.split(' ').nth(1).expect("a number")
}

#[test]
fn no_task_is_lost_with_two_workers() {
    for _ in 0..10 {
        let done = program().run().success();
        let lines = done.lines();
        let ends: Vec<_> = lines.iter().filter(|l| l.ends_with("is done")).collect();
        assert_eq!(
            ends,
            [&"task 1 is done", &"task 2 is done", &"task 3 is done"]
        );
        let twice: Vec<_> = lines
            .iter()
            .filter(|l| l.ends_with("does task 2"))
            .map(|l| who(l))
            .collect();
        // Neither is the one that was killed as it waited.
        let [killed, heir] = twice[..] else {
            panic!("{lines:?}")
        };
        assert!(killed != heir && killed != "1" && heir != "1", "{lines:?}");
        for (n, before) in [("1", "put task 1"), (killed, "put task 2")] {
            let death = format!("process 'worker {n}' (");
            let at = lines.iter().position(|l| l.starts_with(&death));
            let at = at.unwrap_or_else(|| panic!("{death}: {lines:?}"));
            assert!(lines[at].ends_with("was killed by SIGKILL"));
            assert_eq!(lines[at + 1], before, "{lines:?}");
        }
    }
}

/// Whoever else is killed, at whatever moment: the program ends, and says so.
#[test]
fn it_waits_for_nobody_who_is_dead() {
    let kill = |running: &Running, most: usize| {
        for worker in running.descendants().into_iter().take(most) {
            let worker = Pid::from_raw(worker.cast_signed()).expect("a pid");
            // It may have ended meanwhile.
            let _ = kill_process(worker, Signal::KILL);
        }
    };
    for line in [
        "waits for",
        "put task 1",
        "does task 1",
        "put task 2",
        "does task 2",
    ] {
        for most in [1, 2, 3] {
            let mut running = program().start();
            running.line_where(|said| said.contains(line));
            kill(&running, most);
            let done = running.finish();
            if !done.status.success() {
                done.assert().code(1);
                assert!(done.stderr.contains("was killed by SIGKILL"), "{done:?}");
            }
        }
    }
}

#[test]
fn the_picture_shows_each_process_and_both_deaths() {
    let path = std::env::temp_dir().join(format!("task-again-{}.svg", std::process::id()));
    let done = program().arg("--timeline").arg(&path).run().success();
    let drawn = fs::read_to_string(&path).expect("the picture");
    fs::remove_file(&path).expect("the picture");
    assert!(drawn.contains("<title>task_again</title>"), "{drawn}");
    assert_eq!(drawn.matches(">child ").count(), 3, "{drawn}");
    assert_eq!(drawn.matches("killed by").count(), 2, "{drawn}");
    assert!(!done.lines().is_empty());
    let nowhere = program().args(["--timeline", "/nowhere/x.svg"]).run();
    nowhere.assert().code(1).stdout("");
}
