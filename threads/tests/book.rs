//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use std::time::Duration;

use common::testing::{
    assert_examples_behave, assert_headers_tell, assert_python_does_the_same, transcripts,
};

const RECIPE: &str = env!("CARGO_BIN_EXE_threads");

#[test]
fn the_book_shows_what_happens() {
    for transcript in transcripts("threads") {
        // `too_many_tasks` gives way to others a hundred thousand times, which
        // takes long on a busy machine.
        let mut program = transcript
            .program(RECIPE)
            .deadline(Duration::from_secs(900));
        if transcript.example().is_none() {
            // As the chapter shows it, but soon.
            program = program.args(["--pause", "0.001"]);
        }
        let done = program.run().success();
        if done.stdout.contains("cannot start more than") {
            // The book was written where ten thousand threads are allowed.
            continue;
        }
        transcript.assert_tells(&done.stdout);
    }
}

#[test]
fn the_headers_tell_what_is_printed() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn examples_behave() {
    assert_examples_behave(env!("CARGO_MANIFEST_DIR"));
}

#[test]
#[ignore = "needs python3"]
fn python_tells_the_same() {
    assert_python_does_the_same("threads.py", "threads", RECIPE, None);
}
