//! The runs that the book shows, held against this program and against Python.
#![forbid(unsafe_code)]

use common::testing::{assert_book_tells, assert_python_does_the_same};

const RECIPE: &str = env!("CARGO_BIN_EXE_coroutine");

#[test]
fn the_book_shows_what_happens() {
    assert_book_tells("coroutine", RECIPE, &[]);
}

#[test]
#[ignore = "needs python3"]
fn python_tells_the_same() {
    for (file, example) in [
        ("coroutine.py", None),
        ("coroutine_cancel.py", Some("cancel")),
        ("coroutine_bounded_queue.py", Some("bounded_queue")),
        ("coroutine_semaphore.py", Some("semaphore")),
        ("coroutine_deadline.py", Some("deadline")),
        ("coroutine_children.py", Some("children")),
    ] {
        assert_python_does_the_same(file, "coroutine", RECIPE, example);
    }
}
