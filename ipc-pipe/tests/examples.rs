//! Each example prints what its header says.
#![forbid(unsafe_code)]

use common::testing::{Program, example};

/// The lines between "$ cargo run" and the end of the console block in an
/// example's header.
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
    assert!(expected.len() > 2, "{name} documents no output");
    let finished = Program::new(example(name)).run().success();
    assert_eq!(finished.lines(), expected, "{name}");
}

#[test]
fn one_way() {
    check("one_way", include_str!("../examples/one_way.rs"));
}

#[test]
fn poll_with_timeout() {
    let source = include_str!("../examples/poll_with_timeout.rs");
    check("poll_with_timeout", source);
}

#[test]
fn wait_for_many() {
    check(
        "wait_for_many",
        include_str!("../examples/wait_for_many.rs"),
    );
}

#[test]
fn send_a_connection() {
    let source = include_str!("../examples/send_a_connection.rs");
    check("send_a_connection", source);
}

#[test]
fn peer_dies() {
    check("peer_dies", include_str!("../examples/peer_dies.rs"));
}

#[test]
#[ignore = "needs python3"]
fn talk_to_python() {
    check(
        "talk_to_python",
        include_str!("../examples/talk_to_python.rs"),
    );
}

#[test]
fn an_argument_is_a_usage_error() {
    let finished = Program::new(example("one_way")).arg("--loud").run();
    finished.assert().code(2).stdout("");
}

#[test]
fn without_python_the_error_names_it() {
    let finished = Program::new(example("talk_to_python"))
        .env("PATH", "/nowhere")
        .run();
    finished
        .assert()
        .code(1)
        .stdout("")
        .stderr("talk_to_python: cannot run 'python3': No such file or directory (os error 2)\n");
}
