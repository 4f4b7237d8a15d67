//! A process is stepped, instruction by instruction, through what a lock and a
//! queue do, and killed or stopped there (ptrace(2)).
//!
//! `cargo test` tries some of the steps, different ones in each run; with
//! `--ignored`, more of them; and this tries every single one:
//!
//! ```text
//! cargo test --release -p multiproc --test steps -- --ignored
//! ```
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod in_place;
mod killed;
mod long;
mod stepped;
mod stopped;

use common::testing::run_checks_and_ignored;

fn main() {
    run_checks_and_ignored(
        &[killed::SOME, in_place::SOME, long::SOME, stopped::SOME].concat(),
        &[killed::ALL, in_place::ALL, long::ALL, stopped::ALL].concat(),
    );
}
