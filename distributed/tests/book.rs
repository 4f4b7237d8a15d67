//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{
    assert_headers_tell, assert_python_does_the_same, assert_python_tells, transcripts,
};

const RECIPE: &str = env!("CARGO_BIN_EXE_distributed");

#[test]
fn the_book_shows_what_happens() {
    for transcript in transcripts("distributed") {
        let mut program = transcript.program(RECIPE);
        if transcript.example().is_none() {
            // As the chapter shows it, but soon.
            program = program.args(["--pause", "0.001"]);
        }
        let done = program.run().success();
        transcript.assert_tells(&done.stdout);
    }
}

#[test]
fn the_headers_tell_what_is_printed() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}

#[test]
#[ignore = "needs python3"]
fn python_shares_data_in_the_same_way() {
    for (file, example) in [
        ("shared_data.py", "shared_data"),
        ("progress_counter.py", "progress_counter"),
        ("stop_flag.py", "stop_flag"),
        ("meet_at_barrier.py", "meet_at_barrier"),
    ] {
        assert_python_does_the_same(file, "distributed", RECIPE, Some(example));
    }
}

#[test]
#[ignore = "needs python3"]
fn python_tells_the_same() {
    let transcripts = transcripts("distributed");
    let recipe = transcripts
        .iter()
        .find(|transcript| transcript.example().is_none() && transcript.arguments().is_empty())
        .expect("the recipe's run");
    assert_python_tells("distributed.py", recipe);
    let done = recipe.program(RECIPE).run().success();
    recipe.assert_tells(&done.stdout);
}
