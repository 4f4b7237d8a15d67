//! The machinery beside an event loop.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod connection;
mod pool;
mod process;
mod queue;

use std::time::Duration;

use common::testing::run_checks;
use tokio::runtime::{Builder, Runtime};

/// For what must happen: whoever waits as long has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const MS: Duration = Duration::from_millis(1);

fn main() {
    run_checks(
        &[
            connection::CHECKS,
            pool::CHECKS,
            process::CHECKS,
            queue::CHECKS,
        ]
        .concat(),
    );
}

/// A runtime of one thread. Whatever is to be forked is forked before.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
