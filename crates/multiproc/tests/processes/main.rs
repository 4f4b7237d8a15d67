//! What can only be tested by forking.
#![allow(clippy::unwrap_used)]

mod chaos;
mod process;
mod queue;
mod shared;

use common::testing::{Check, run_checks};

fn main() {
    run_checks(
        &[
            process::CHECKS,
            shared::CHECKS,
            queue::CHECKS,
            chaos::CHECKS,
        ]
        .concat(),
    );
}
