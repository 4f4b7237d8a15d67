//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{assert_python_tells, transcripts};

const RECIPE: &str = env!("CARGO_BIN_EXE_subprocess");

#[test]
fn the_book_shows_what_happens() {
    for transcript in transcripts("subprocess") {
        let done = transcript.program(RECIPE).run().success();
        transcript.assert_tells(&done.stdout);
    }
}

#[test]
#[ignore = "needs python3"]
fn python_tells_the_same() {
    for (example, script) in [
        ("call", "subprocess_call.py"),
        ("communicate", "subprocess_communicate.py"),
    ] {
        let transcripts = transcripts("subprocess");
        let same = transcripts
            .iter()
            .find(|transcript| transcript.example() == Some(example))
            .expect("the example's run");
        assert_python_tells(script, same);
        let done = same.program(RECIPE).run().success();
        same.assert_tells(&done.stdout);
    }
}
