//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{
    assert_examples_behave, assert_headers_tell, assert_python_does_the_same, transcripts,
};

const RECIPE: &str = env!("CARGO_BIN_EXE_lock");

#[test]
fn the_book_shows_what_happens() {
    for transcript in transcripts("lock") {
        let run = || transcript.program(RECIPE).run().success();
        let mut done = run();
        // Without the lock the balance may be right by luck, and says so.
        for _ in 0..100 {
            if done.stdout.contains("This time the balance is right") {
                done = run();
            }
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
    assert_python_does_the_same("lock.py", "lock", RECIPE, None);
}
