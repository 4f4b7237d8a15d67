//! Until when a call may block.
//!
//! A time-out is an amount, a deadline a moment: whoever is interrupted by a
//! signal (`EINTR`) or woken in vain goes on with the time that is *left*,
//! which a deadline knows and an amount does not. The clock is monotonic, so
//! setting the time of day neither shortens nor prolongs a wait.

use std::time::{Duration, Instant};

/// A moment after which a call gives up, or never.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline: block as long as it takes.
    pub const NEVER: Deadline = Deadline(None);

    /// `timeout` from now; an amount too large for the clock is never.
    pub fn after(timeout: Duration) -> Self {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// The time left: `None` when there is no deadline, zero when it is past.
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .map(|moment| moment.saturating_duration_since(Instant::now()))
    }

    /// Whether the moment has come.
    pub fn is_past(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }
}

impl From<Duration> for Deadline {
    fn from(timeout: Duration) -> Self {
        Deadline::after(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_timeout_is_never_and_not_a_panic() {
        assert_eq!(Deadline::after(Duration::MAX).remaining(), None);
        assert!(!Deadline::NEVER.is_past());
        assert!(Deadline::after(Duration::ZERO).is_past());
    }
}
