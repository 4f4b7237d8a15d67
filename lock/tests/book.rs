//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{assert_python_tells, transcripts};

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
#[ignore = "needs python3"]
fn python_tells_the_same() {
    let transcripts = transcripts("lock");
    let recipe = transcripts
        .iter()
        .find(|transcript| transcript.example().is_none() && transcript.arguments().is_empty())
        .expect("the recipe's run");
    assert_python_tells("lock.py", recipe);
    let done = recipe.program(RECIPE).run().success();
    recipe.assert_tells(&done.stdout);
}
