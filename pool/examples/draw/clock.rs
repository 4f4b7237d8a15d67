//! One clock for all processes.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// The time since the system was started: the same in every process, which an
/// `Instant` sent from one to another would not promise.
pub(crate) fn now() -> nix::Result<Duration> {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from)
}
