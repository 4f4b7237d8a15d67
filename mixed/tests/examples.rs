//! The examples, from outside: what their numbers have in common.
#![forbid(unsafe_code)]

use common::testing::{Program, example, numbers};

#[test]
fn a_crash_breaks_what_its_process_had() {
    let program = Program::new(example("four_models"));
    let done = program.args(["--clients", "6", "--requests", "3"]).run();
    let done = done.success();
    let lines = done.lines();
    assert_eq!(lines.len(), 6, "{lines:?}");
    for (line, broken) in lines[2..].iter().zip([1, 6, 6, 3]) {
        let end = numbers(line);
        assert_eq!(end[end.len() - 2..], [broken, 6], "{lines:?}");
    }
}
