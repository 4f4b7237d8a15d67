//! Each example prints what its header says.
#![forbid(unsafe_code)]

use common::testing::{Program, example};

/// The lines after the first "$ cargo run" up to the end of the console block
/// in an example's header.
fn documented(source: &str) -> Vec<&str> {
    source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| !line.starts_with("$ cargo run"))
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .collect()
}

fn check(name: &str, source: &str) {
    let expected = documented(source);
    assert!(expected.len() > 1, "{name} documents no output");
    let finished = Program::new(example(name)).run().success();
    assert_eq!(finished.lines(), expected, "{name}");
}

#[test]
fn call() {
    check("call", include_str!("../examples/call.rs"));
}

#[test]
fn check_output() {
    check("check_output", include_str!("../examples/check_output.rs"));
}

#[test]
fn communicate() {
    check("communicate", include_str!("../examples/communicate.rs"));
}

#[test]
fn timeout() {
    check("timeout", include_str!("../examples/timeout.rs"));
}

#[test]
fn pipeline() {
    check("pipeline", include_str!("../examples/pipeline.rs"));
}
