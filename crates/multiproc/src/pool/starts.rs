//! When a dead worker gets a successor, and when there is none to be had.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::pool::worker::{INITIALIZING, READY};
use crate::process::ExitStatus;

/// So many workers in a row that fail by themselves in one slot are too many.
const PATIENCE: u32 = 3;

/// How soon to try again when a worker could not be forked.
const AGAIN: Duration = Duration::from_millis(200);

/// How long to go on with that when no worker is left.
const REFUSED: Duration = Duration::from_secs(3);

/// The longest pause between workers that die before they are ready.
const PAUSE: Duration = Duration::from_millis(200);

/// What became of the starts of workers, slot by slot.
pub(crate) struct Starts {
    slots: Vec<Slot>,
    /// Since when no worker could be forked.
    refused: Option<Instant>,
}

#[derive(Clone, Default)]
struct Slot {
    /// Workers in a row that failed by themselves before they were ready.
    failures: u32,
    /// Workers in a row that ended before they were ready, by whatever cause.
    unready: u32,
    /// When the next one is to be forked; at once unless there is a reason.
    due: Option<Instant>,
}

impl Starts {
    pub(crate) fn new(slots: usize) -> Self {
        Starts {
            slots: vec![Slot::default(); slots],
            refused: None,
        }
    }

    /// A worker has ended that had come as far as `phase`. Whether that was one
    /// failure too many.
    pub(crate) fn ended(&mut self, slot: usize, phase: u32, status: ExitStatus) -> bool {
        let slot = &mut self.slots[slot];
        if phase == READY {
            *slot = Slot::default();
            return false;
        }
        // At once the first time, and then ever less soon.
        let pause = Duration::from_millis((1 << slot.unready.min(16)) / 2);
        slot.due = Some(Instant::now() + pause.min(PAUSE));
        slot.unready += 1;
        slot.failures += u32::from(is_own_failure(phase, status));
        slot.failures >= PATIENCE
    }

    /// Whether the next worker for a slot is to be forked now.
    pub(crate) fn is_due(&self, slot: usize) -> bool {
        let due = self.slots[slot].due;
        due.is_none_or(|due| due <= Instant::now())
    }

    /// When the next worker for any slot is due, from now.
    pub(crate) fn next(&self) -> Option<Duration> {
        let due = self.slots.iter().filter_map(|slot| slot.due).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// A worker was forked.
    pub(crate) fn forked(&mut self, slot: usize) {
        self.slots[slot].due = None;
        self.refused = None;
    }

    /// One could not be. Whether that has gone on for too long.
    pub(crate) fn refused(&mut self, slot: usize) -> bool {
        let now = Instant::now();
        self.slots[slot].due = Some(now + AGAIN);
        *self.refused.get_or_insert(now) + REFUSED <= now
    }
}

/// Whether a worker that was not ready yet ended by itself. A signal that no
/// instruction of its own raises came from an outsider, or may have.
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
    use crate::pool::worker::FORKED;

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
