//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{
    assert_book_tells, assert_examples_behave, assert_headers_tell, assert_python_does_the_same,
};

const RECIPE: &str = env!("CARGO_BIN_EXE_pool");

#[test]
fn the_book_shows_what_happens() {
    assert_book_tells("pool", RECIPE, &["--longest", "0.1"]);
}

#[test]
#[ignore = "needs python3"]
fn python_tells_the_same() {
    assert_python_does_the_same("pool.py", "pool", RECIPE, None);
    let shared = Some("picture_shared");
    assert_python_does_the_same("pool_picture_shared.py", "pool", RECIPE, shared);
}

#[test]
fn the_headers_tell_what_is_printed() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn examples_behave() {
    assert_examples_behave(env!("CARGO_MANIFEST_DIR"));
}
