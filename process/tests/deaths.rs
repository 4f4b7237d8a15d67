//! What becomes of the programs when another process dies, or is not to be had.
#![forbid(unsafe_code)]

use common::testing::{Program, assert_notices_deaths, assert_takes_refusals, example};

const RECIPE: &str = env!("CARGO_BIN_EXE_process");

#[test]
fn a_death_is_noticed() {
    assert_notices_deaths(10, || Program::new(RECIPE));
    for name in ["crash_isolation", "spawn"] {
        assert_notices_deaths(10, || Program::new(example(name)));
    }
}

#[test]
#[ignore = "needs root"]
fn a_refusal_is_told() {
    assert_takes_refusals(8, RECIPE);
    for name in ["crash_isolation", "spawn"] {
        assert_takes_refusals(8, example(name));
    }
}
