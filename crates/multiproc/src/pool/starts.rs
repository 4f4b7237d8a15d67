//! When to replace a dead worker, and when to give up.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::pool::state::{INITIALIZING, READY};
use crate::process::ExitStatus;

/// Give up after this many failures in a row in one slot.
const PATIENCE: u32 = 3;

/// How soon to try again when a fork was refused.
const AGAIN: Duration = Duration::from_millis(200);

/// How long to keep trying once no worker is left.
const REFUSED: Duration = Duration::from_secs(3);

/// The longest pause before a worker is replaced that died before it was ready.
const PAUSE: Duration = Duration::from_millis(200);

/// How the starts of workers went, slot by slot.
pub(crate) struct Starts {
    slots: Vec<Slot>,
    /// Since when every fork has been refused.
    refused: Option<Instant>,
}

#[derive(Clone, Default)]
struct Slot {
    /// Workers in a row that failed before they were ready, and were not killed.
    failures: u32,
    /// Workers in a row that ended before they were ready, whatever the cause.
    unready: u32,
    /// When to fork the next one; at once if `None`.
    due: Option<Instant>,
}

impl Starts {
    pub(crate) fn new(slots: usize) -> Self {
        Starts {
            slots: vec![Slot::default(); slots],
            refused: None,
        }
    }

    /// Records that a worker ended in `phase`; returns whether that was one
    /// failure too many.
    pub(crate) fn ended(&mut self, slot: usize, phase: u32, status: ExitStatus) -> bool {
        let slot = &mut self.slots[slot];
        if phase == READY {
            *slot = Slot::default();
            return false;
        }
        // At once the first time, then after longer and longer pauses.
        let pause = Duration::from_millis((1 << slot.unready.min(16)) / 2);
        slot.due = Some(Instant::now() + pause.min(PAUSE));
        slot.unready += 1;
        slot.failures += u32::from(is_own_failure(phase, status));
        slot.failures >= PATIENCE
    }

    /// Whether it is time to fork the next worker for a slot.
    pub(crate) fn is_due(&self, slot: usize) -> bool {
        let due = self.slots[slot].due;
        due.is_none_or(|due| due <= Instant::now())
    }

    /// How long until the next worker is due, in any slot.
    pub(crate) fn next(&self) -> Option<Duration> {
        let due = self.slots.iter().filter_map(|slot| slot.due).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Records that a worker was forked.
    pub(crate) fn forked(&mut self, slot: usize) {
        self.slots[slot].due = None;
        self.refused = None;
    }

    /// Records that a fork was refused; returns whether that has gone on for too
    /// long.
    pub(crate) fn refused(&mut self, slot: usize) -> bool {
        let now = Instant::now();
        self.slots[slot].due = Some(now + AGAIN);
        *self.refused.get_or_insert(now) + REFUSED <= now
    }
}

/// Whether a worker that was not ready yet failed, rather than being killed. A
/// crash is a failure; any other signal may have come from outside. Before the
/// initializer runs, so may every signal: no code of the caller's could crash.
fn is_own_failure(phase: u32, status: ExitStatus) -> bool {
    use Signal::{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    let crashes = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP];
    match status {
        ExitStatus::Code(_) => true,
        ExitStatus::Signal(signal) => {
            phase == INITIALIZING && crashes.iter().any(|crash| *crash as i32 == signal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::state::FORKED;

    const KILLED: ExitStatus = ExitStatus::Signal(9);
    const ABORTED: ExitStatus = ExitStatus::Signal(6);
    const FAILED: ExitStatus = ExitStatus::Code(1);

    #[test]
    fn only_a_failure_of_its_own_counts() {
        let mut starts = Starts::new(2);
        for phase in [FORKED, INITIALIZING] {
            assert!((0..100).all(|_| !starts.ended(0, phase, KILLED)));
        }
        assert!((0..100).all(|_| !starts.ended(0, FORKED, ABORTED)));
        assert!(!starts.ended(1, INITIALIZING, ABORTED));
        assert!(!starts.ended(1, INITIALIZING, FAILED));
        assert!(!starts.ended(1, INITIALIZING, KILLED));
        assert!(starts.ended(1, INITIALIZING, FAILED));
    }

    #[test]
    fn a_worker_that_was_ready_ends_the_row() {
        let mut starts = Starts::new(1);
        for _ in 0..10 {
            assert!(!starts.ended(0, INITIALIZING, FAILED));
            assert!(!starts.ended(0, INITIALIZING, FAILED));
            assert!(!starts.ended(0, READY, KILLED));
            assert!(starts.is_due(0));
        }
    }

    #[test]
    fn one_death_after_the_other_makes_it_slow() {
        let mut starts = Starts::new(1);
        starts.ended(0, FORKED, KILLED);
        assert!(starts.is_due(0));
        for _ in 0..100 {
            starts.ended(0, FORKED, KILLED);
        }
        assert!(!starts.is_due(0));
        assert!(starts.next().is_some_and(|next| next <= PAUSE));
    }
}
