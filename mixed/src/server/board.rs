//! The memory through which children show that they live.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use multiproc::shared::Shared;
use rustix::time::{ClockId, clock_gettime};

/// The most processes at a time, those that are about to go included.
pub(super) const PLACES: usize = 256;

/// A place for each child: a sign of life from each of its threads.
///
/// Each number is written by one thread and read by the parent; nothing has to
/// fit together, so a child may die between any two writes.
pub(super) struct Board {
    /// Milliseconds of the monotonic clock at each thread's last turn; 0 before
    /// the first.
    turns: Shared<[AtomicU64]>,
    threads: usize,
    /// The server ends: take what waits to be accepted, and go.
    ending: Shared<AtomicBool>,
}

impl Board {
    pub(super) fn new(threads: u16) -> io::Result<Self> {
        let threads = usize::from(threads);
        Ok(Board {
            turns: Shared::slice(PLACES * threads, |_| AtomicU64::new(0))?,
            threads,
            ending: Shared::new(AtomicBool::new(false))?,
        })
    }

    fn place(&self, place: usize) -> &[AtomicU64] {
        &self.turns[place * self.threads..(place + 1) * self.threads]
    }

    /// Nobody has shown up there yet.
    pub(super) fn clear(&self, place: usize) {
        let turns = self.place(place).iter();
        turns.for_each(|turn| turn.store(0, Ordering::Relaxed));
    }

    pub(super) fn sign(&self, place: usize, thread: usize) {
        self.place(place)[thread].store(now(), Ordering::Relaxed);
    }

    /// Whether all threads of a child have begun.
    pub(super) fn serves(&self, place: usize) -> bool {
        let mut turns = self.place(place).iter();
        turns.all(|turn| turn.load(Ordering::Relaxed) > 0)
    }

    /// Whether one of its threads has given no sign of life for `time`.
    pub(super) fn hangs(&self, place: usize, time: Duration) -> bool {
        let (now, time) = (now(), time.as_millis());
        self.place(place).iter().any(|turn| {
            let turn = turn.load(Ordering::Relaxed);
            turn > 0 && u128::from(now.saturating_sub(turn)) > time
        })
    }

    pub(super) fn set_ending(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }
}

/// The one clock that parent and children share (clock_gettime(2)).
fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    // Never 0, which stands for nobody.
    (seconds * 1000 + nanos / 1_000_000).max(1)
}
