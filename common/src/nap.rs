//! Random pauses that a seed can repeat: Python's
//! `time.sleep(random.random() * 3)`.
//!
//! The pause of a task depends only on the seed and the task's number, not on
//! which process runs it or in which order. So `--seed` repeats a whole run,
//! although the scheduler decides anew each time.

use std::thread;
use std::time::Duration;

/// A source of pauses, each between zero and the longest.
///
/// ```
/// use std::time::Duration;
///
/// use common::nap::Naps;
///
/// let naps = Naps::new(Some(7), Duration::from_secs(3));
/// let again = Naps::new(Some(7), Duration::from_secs(3));
/// assert_eq!(naps.length(5), again.length(5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Naps {
    seed: u64,
    longest: Duration,
}

impl Naps {
    /// Pauses up to `longest`. The same `seed` gives the same pauses; without one
    /// they differ each time.
    pub fn new(seed: Option<u64>, longest: Duration) -> Self {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        Naps { seed, longest }
    }

    /// The length of pause number `n`.
    pub fn length(&self, n: u64) -> Duration {
        // Neighbouring seeds would give similar first numbers: spread them.
        let mixed = self.seed ^ n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.longest.mul_f64(fastrand::Rng::with_seed(mixed).f64())
    }

    /// Sleeps for pause number `n`.
    pub fn take(&self, n: u64) {
        thread::sleep(self.length(n));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_pauses_and_another_does_not() {
        let longest = Duration::from_secs(3);
        let pauses = |seed| {
            (0..50)
                .map(|n| Naps::new(Some(seed), longest).length(n))
                .collect::<Vec<_>>()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
        assert!(pauses(7).iter().all(|pause| *pause < longest));
        let mut distinct = pauses(7);
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 50);
    }
}
