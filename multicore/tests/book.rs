//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{
    assert_examples_behave, assert_headers_tell, assert_python_tells, at_once, transcripts,
};

const RECIPE: &str = env!("CARGO_BIN_EXE_multicore");

#[test]
fn the_book_shows_what_happens() {
    at_once(transcripts("multicore"), |transcript| {
        let done = transcript.program(RECIPE).run().success();
        transcript.assert_tells(&on_the_books_machine(&done.stdout));
    });
}

/// What the machine's cores are called, or what limits this process, is another
/// matter: the book was written on two cores without a limit.
fn on_the_books_machine(output: &str) -> String {
    let lines = output
        .lines()
        .map(|line| match line.split_once(" of the ") {
            Some((before, _)) => format!("{before} of the 2 cores of this machine\n"),
            None => format!("{line}\n"),
        });
    lines.collect()
}

#[test]
#[ignore = "needs python3"]
fn python_tells_the_same() {
    let transcripts = transcripts("multicore");
    let recipe = transcripts
        .iter()
        .find(|transcript| transcript.example().is_none() && transcript.arguments().is_empty())
        .expect("the recipe's run");
    assert_python_tells("multicore.py", recipe);
    let done = recipe.program(RECIPE).run().success();
    recipe.assert_tells(&on_the_books_machine(&done.stdout));
}

#[test]
fn the_headers_tell_what_is_printed() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn examples_behave() {
    assert_examples_behave(env!("CARGO_MANIFEST_DIR"));
}
