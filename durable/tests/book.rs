//! The runs that the book and the examples' headers show.
#![forbid(unsafe_code)]

use common::testing::{
    Program, assert_book_tells, assert_examples_behave, assert_headers_tell, example,
};

#[test]
#[ignore = "needs nats-server"]
fn the_book_shows_what_happens() {
    let quick = ["--pause", "0.001"];
    assert_book_tells("durable", env!("CARGO_BIN_EXE_durable"), &quick);
}

#[test]
#[ignore = "needs nats-server"]
fn the_headers_tell_what_is_printed() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}

#[test]
#[ignore = "needs nats-server"]
fn the_examples_behave() {
    assert_examples_behave(env!("CARGO_MANIFEST_DIR"));
}

#[test]
#[ignore = "needs nats-server, and python3 with nats-py"]
fn python_and_rust_share_a_queue() {
    let run = Program::new(example("python_worker")).run().success();
    let expected = [
        "Rust puts 3, 4, 5; a worker in Python:",
        "3 -> 9",
        "4 -> 16",
        "5 -> 25",
        "Python puts 6; a worker in Rust:",
        "6 -> 36",
    ];
    assert_eq!(run.lines(), expected);
    let left = Program::new(example("python_worker")).head_1();
    left.assert().code(0).stderr("");
}
