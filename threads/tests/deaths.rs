//! What becomes of the programs when another process dies, or is not to be had.
#![forbid(unsafe_code)]

use common::testing::{Program, assert_notices_deaths, assert_takes_refusals, example};

const RECIPE: &str = env!("CARGO_BIN_EXE_threads");

#[test]
fn a_death_is_noticed() {
    assert_notices_deaths(10, || Program::new(example("process_or_thread")));
}

#[test]
#[ignore = "needs root"]
fn a_refusal_is_told() {
    assert_takes_refusals(8, RECIPE);
    for name in [
        "process_or_thread",
        "queue_join",
        "io_bound",
        "unnamed_threads",
    ] {
        assert_takes_refusals(8, example(name));
    }
}
