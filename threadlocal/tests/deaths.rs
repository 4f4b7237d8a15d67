//! What becomes of the programs when another process dies, or is not to be had.
#![forbid(unsafe_code)]

use common::testing::{assert_takes_refusals, example};

const RECIPE: &str = env!("CARGO_BIN_EXE_threadlocal");

#[test]
#[ignore = "needs root"]
fn a_refusal_is_told() {
    assert_takes_refusals(8, RECIPE);
    for name in [
        "attributes",
        "connection_per_thread",
        "iterate_and_sum",
        "std_thread_local",
    ] {
        assert_takes_refusals(8, example(name));
    }
}
