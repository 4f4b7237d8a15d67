//! What can only be tested by forking.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod array;
mod chaos;
mod filtered;
mod hang_up;
mod in_place;
mod line;
mod payload;
mod process;
mod process_descriptors;
mod process_ends;
mod programs;
mod queue;
mod shared;
mod stopped;

use common::testing::{Check, run_checks_and_ignored};

fn main() {
    run_checks_and_ignored(
        &[
            process::CHECKS,
            filtered::CHECKS,
            process_descriptors::CHECKS,
            hang_up::CHECKS,
            process_ends::CHECKS,
            programs::CHECKS,
            stopped::CHECKS,
            shared::CHECKS,
            array::CHECKS,
            payload::CHECKS,
            queue::CHECKS,
            line::CHECKS,
            in_place::CHECKS,
            chaos::CHECKS,
        ]
        .concat(),
        process_ends::IGNORED,
    );
}
