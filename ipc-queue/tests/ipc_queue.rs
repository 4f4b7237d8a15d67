//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use common::testing::{Finished, Manners, Program, at_once, example, numbers};

fn ipc_queue() -> Program {
    Program::new(env!("CARGO_BIN_EXE_ipc-queue"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_ipc-queue"))
        .quick(&["--longest", "0.01"])
        .wrong(&["--longest -3", "--longest soon", "--seed x"])
        .long(&["--longest", "100", "--seed", "1"], |line| {
            line.starts_with("Get")
        })
        .check();
}

/// Every line once, each `Get` after its `Put`, `Put`s and `Get`s in order.
fn check(done: &Finished, values: &[&str]) {
    let lines = done.lines();
    assert_eq!(lines.len(), 2 + 2 * values.len(), "{lines:?}");
    let place = |wanted: &str| {
        let mut places = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| **line == wanted);
        let (place, _) = places
            .next()
            .unwrap_or_else(|| panic!("no '{wanted}' in {lines:?}"));
        assert!(places.next().is_none(), "'{wanted}' twice in {lines:?}");
        place
    };
    let starting = |start: &str| {
        lines
            .iter()
            .position(|line| line.starts_with(start))
            .unwrap()
    };
    let (write, read) = (
        starting("Process to write: "),
        starting("Process to read: "),
    );
    let (writer, reader) = (numbers(lines[write])[0], numbers(lines[read])[0]);
    assert_ne!(writer, reader);
    assert!(![writer, reader].contains(&u64::from(done.pid)));
    let (mut last_put, mut last_get) = (write, read);
    for value in values {
        let put = place(&format!("Put {value} to queue..."));
        let get = place(&format!("Get {value} from queue."));
        assert!(last_put < put && last_get < get && put < get, "{lines:?}");
        (last_put, last_get) = (put, get);
    }
}

#[test]
fn the_transcript_in_every_legal_order() {
    at_once(0..30, |seed| {
        let longest = ["0", "0.001", "0.02"][seed % 3];
        let seed = seed.to_string();
        let done = ipc_queue()
            .args(["--longest", longest, "--seed", &seed])
            .run()
            .success();
        check(&done, &["A", "B", "C"]);
    });
}

#[test]
fn with_its_own_pauses() {
    check(&ipc_queue().run().success(), &["A", "B", "C"]);
}

#[test]
fn other_values() {
    let done = ipc_queue()
        .args(["--values", "x,yy,z z,1", "--longest", "0.001"])
        .run()
        .success();
    check(&done, &["x", "yy", "z z", "1"]);
}

#[test]
fn example_kill_the_reader() {
    let done = Program::new(example("kill_the_reader")).run().success();
    let lines = done.lines();
    assert_eq!(
        lines[..2],
        [
            "100000 items, 30 readers killed",
            "came twice: 0, harmed: 0"
        ]
    );
    assert!(
        lines[2].starts_with("lost: ") && lines[2].ends_with(": true"),
        "{lines:?}"
    );
}
