//! The recipe, from outside.
#![forbid(unsafe_code)]

use common::testing::{Manners, Program, assert_headers_tell, mask_numbers};
use rustix::process::Signal;

const RECIPE: &str = env!("CARGO_BIN_EXE_coroutine");

#[test]
fn manners() {
    Manners::of(RECIPE)
        .quick(&["--waits", "0.02,0.01"])
        .wrong(&["--waits x", "--waits -1", "--on io_uring"])
        .long(&["--waits", "1000"], |line| line.contains("waits"))
        .check();
}

fn run(on: &str, waits: &str) -> Vec<String> {
    let program = Program::new(RECIPE).args(["--on", on, "--waits", waits]);
    let done = program.run().success();
    done.lines().iter().map(ToString::to_string).collect()
}

#[test]
fn who_waits_least_goes_on_first_on_both_loops() {
    for on in ["ours", "tokio"] {
        for (waits, order) in [
            ("0.3,0.2,0.1", vec![3, 2, 1]),
            ("0.1,0.3,0.2,0", vec![4, 1, 3, 2]),
            ("0.05", vec![1]),
        ] {
            let lines = run(on, waits);
            let count = order.len();
            assert_eq!(
                lines[0],
                format!("{count} coroutines are made, none has begun.")
            );
            let mut expected: Vec<_> = (1..=count)
                .map(|n| format!("Coroutine {n} begins"))
                .collect();
            expected.extend(order.iter().map(|n| format!("Coroutine {n} goes on.")));
            let mut told: Vec<_> = lines[1..lines.len() - 1]
                .iter()
                .map(|line| match line.split_once(" waits ") {
                    Some((who, _)) => format!("{who} begins"),
                    None => line.clone(),
                })
                .collect();
            if waits.contains(",0") && waits.ends_with(",0") {
                // Who waits for nothing goes on at once, before others begin.
                told.sort();
                expected.sort();
            }
            assert_eq!(told, expected, "{on} {waits}: {lines:?}");
            assert_eq!(
                mask_numbers(lines.last().unwrap()),
                "#.# seconds of waiting took #.# seconds."
            );
        }
    }
}

/// A stop and a continuation interrupt epoll_wait(2) with `EINTR`.
#[test]
fn an_interrupted_wait_goes_on() {
    for on in ["ours", "tokio"] {
        let mut running = Program::new(RECIPE)
            .args(["--on", on, "--waits", "0.5,0.4"])
            .start();
        running.line_where(|line| line.starts_with("Coroutine 2 waits"));
        for _ in 0..20 {
            running.signal(Signal::STOP);
            running.signal(Signal::CONT);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let done = running.finish().success();
        assert!(
            done.stdout
                .contains("Coroutine 2 goes on.\nCoroutine 1 goes on.\n")
        );
    }
}

/// In the picture each coroutine has a lane, and the rows are in the order of
/// the lines.
#[test]
fn a_picture_shows_who_waits_beside_whom() {
    let path = std::env::temp_dir().join(format!("coroutine-lanes-{}.svg", std::process::id()));
    let program = Program::new(RECIPE).args(["--waits", "0.2,0.1", "--timeline"]);
    let done = program.arg(&path).run().success();
    let drawn = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(
        drawn.contains("<title>coroutine --waits 0.2,0.1</title>"),
        "{drawn}"
    );
    for lane in ["process ", "Coroutine 1<", "Coroutine 2<"] {
        assert!(drawn.contains(&format!(">{lane}")), "{lane}: {drawn}");
    }
    let places = done.lines().into_iter().map(|line| {
        let start: String = line.chars().take(18).collect();
        drawn
            .find(&format!(">{start}"))
            .unwrap_or_else(|| panic!("{line}: {drawn}"))
    });
    assert!(places.is_sorted_by(|a, b| a < b), "{drawn}");
}

#[test]
fn the_headers_tell_what_the_examples_print() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}
