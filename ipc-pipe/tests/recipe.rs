//! The recipe as its reader runs it.
#![forbid(unsafe_code)]

use common::testing::{Manners, Program};

const RECIPE: &str = env!("CARGO_BIN_EXE_ipc-pipe");

#[test]
fn manners() {
    Manners::of(RECIPE).wrong(&["--cups -1"]).check();
}

#[test]
fn prints_the_documented_dialogue() {
    let finished = Program::new(RECIPE).run().success();
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
    let finished = Program::new(RECIPE).args(args).run().success();
    assert_eq!(
        finished.lines()[2..4],
        [
            "Child received: an order for 4000000000 cups of 咖啡",
            "Parent received: a bill of 20000000000 for 4000000000 cups of 咖啡",
        ]
    );
}
