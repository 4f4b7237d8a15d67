//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{
    assert_book_tells, assert_examples_behave, assert_headers_tell, assert_python_does_the_same,
};

const RECIPE: &str = env!("CARGO_BIN_EXE_subprocess");

#[test]
fn the_book_shows_what_happens() {
    assert_book_tells("subprocess", RECIPE, &[]);
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
    for (example, script) in [
        ("call", "subprocess_call.py"),
        ("communicate", "subprocess_communicate.py"),
    ] {
        assert_python_does_the_same(script, "subprocess", RECIPE, Some(example));
    }
}
