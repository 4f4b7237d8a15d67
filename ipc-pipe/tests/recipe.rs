//! The recipe as its reader runs it.
#![forbid(unsafe_code)]

use common::testing::Program;
use predicates::str::{contains, starts_with};

fn recipe() -> Program {
    Program::new(env!("CARGO_BIN_EXE_ipc-pipe"))
}

#[test]
fn prints_the_documented_dialogue() {
    let finished = recipe().run().success();
    assert_eq!(
        finished.lines(),
        [
            "Child received: hello from the parent",
            "Parent received: hello from the child",
            "Child received: an order for 3 cups of tea",
            "Parent received: a bill of 12 for 3 cups of tea",
            "Child received: end of file",
            "Parent: the child exited with status 0",
        ]
    );
}

#[test]
fn options_vary_the_order() {
    let args = ["--item", "咖啡", "--cups", "4000000000", "--price", "5"];
    let finished = recipe().args(args).run().success();
    assert_eq!(
        finished.lines()[2..4],
        [
            "Child received: an order for 4000000000 cups of 咖啡",
            "Parent received: a bill of 20000000000 for 4000000000 cups of 咖啡",
        ]
    );
}

#[test]
fn help_says_what_it_shows_with_two_examples() {
    let help = recipe().arg("--help").run().success();
    help.assert()
        .stdout(contains("dialogue between a parent and its child"))
        .stdout(contains("ipc-pipe --item coffee --cups 1000 --price 5"));
}

#[test]
fn a_bad_option_is_a_usage_error() {
    for args in [["--cups", "-1"], ["--no-such-option", "1"]] {
        let finished = recipe().args(args).run();
        finished
            .assert()
            .code(2)
            .stdout("")
            .stderr(starts_with("error: "));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    recipe().head_1().assert().success().stderr("");
}
