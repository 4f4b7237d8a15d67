//! Until when a call may block.
//!
//! A time-out is an amount of time, a deadline is a moment. A wait that is
//! interrupted by a signal (`EINTR`) or woken too early goes on for the time
//! that is *left*, which only a deadline knows. The clock is monotonic, so
//! setting the time of day neither shortens nor prolongs a wait.

use std::time::{Duration, Instant};

/// The moment at which a call gives up, or [never](Deadline::NEVER).
///
/// ```
/// use std::time::Duration;
///
/// use multiproc::deadline::Deadline;
///
/// // Two steps that may take one second together, not one second each.
/// let deadline = Deadline::after(Duration::from_secs(1));
/// let first_step = deadline.remaining();
/// let second_step = deadline.remaining();
/// assert!(second_step <= first_step);
/// assert_eq!(Deadline::NEVER.remaining(), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline: block as long as it takes.
    pub const NEVER: Deadline = Deadline(None);

    /// `timeout` from now; [never](Self::NEVER) if that is too far for the clock.
    pub fn after(timeout: Duration) -> Self {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// The time left: `None` if there is no deadline, zero once it has passed.
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .map(|moment| moment.saturating_duration_since(Instant::now()))
    }

    /// Whether the deadline has passed.
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
