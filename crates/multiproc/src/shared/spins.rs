//! Looking around for a while before going to sleep.
//!
//! What the other side does next often takes less than a microsecond, while a
//! sleep and a wake-up take 5 to 20 of them, most where an idle core has been
//! halted. So a waiter looks for longer than a wake-up takes. If it looked for
//! less, two that answer each other would, once both had slept, go on waking each
//! other for ever: each is asleep again before the other is awake.
//!
//! Looking is in vain where the other side needs this very core, or has something
//! to say once in a while only. So who finds it to be in vain nearly gives it up.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::deadline::Deadline;

/// Looks that are always worth it: about a microsecond.
const FEW: u32 = 40;

/// How long to look around otherwise: longer than a wake-up takes.
const LONG: Duration = Duration::from_micros(50);

/// Looks between two at the clock.
const BETWEEN: u32 = 16;

/// So many times in a row in vain are enough …
const ENOUGH: u32 = 4;

/// … but then the long look is tried again, every so many times.
const AGAIN: u32 = 32;

/// How those who wait for one kind of change have fared. It is a guess that costs
/// time if it is wrong, and nothing else: so it needs no order, and no repair.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Spins {
    /// Long looks, and those left out, since one last helped.
    vain: AtomicU32,
}

impl Spins {
    pub(crate) fn new() -> Self {
        Spins {
            vain: AtomicU32::new(0),
        }
    }

    /// Calls `look` until it returns `Some`, as long as that is worth it.
    pub(crate) fn spin<T>(
        &self,
        deadline: Deadline,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let found = looks(FEW, &mut look);
        if found.is_some() {
            return found;
        }
        let vain = self.vain.load(Ordering::Relaxed);
        let found = if vain < ENOUGH || vain.is_multiple_of(AGAIN) {
            look_long(deadline, look)
        } else {
            None
        };
        match &found {
            None => self.vain.store(vain.wrapping_add(1), Ordering::Relaxed),
            // Not written without need: others read what stands beside it.
            Some(_) if vain != 0 => self.vain.store(0, Ordering::Relaxed),
            Some(_) => {}
        }
        found
    }
}

#[cold]
fn look_long<T>(deadline: Deadline, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    let end = deadline.remaining().map_or(LONG, |left| left.min(LONG));
    loop {
        let found = looks(BETWEEN, &mut look);
        if found.is_some() || start.elapsed() >= end {
            return found;
        }
    }
}

fn looks<T>(count: u32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    (0..count).find_map(|_| {
        let found = look();
        if found.is_none() {
            spin_loop();
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many looks a spin takes that finds nothing.
    fn in_vain(spins: &Spins, deadline: Deadline) -> u32 {
        let mut count = 0;
        let found = spins.spin(deadline, || -> Option<()> {
            count += 1;
            None
        });
        assert_eq!(found, None);
        count
    }

    /// Finds something at the look of that number.
    fn find_at(spins: &Spins, number: u32) {
        let mut count = 0;
        let found = spins.spin(Deadline::NEVER, || {
            count += 1;
            (count == number).then_some(count)
        });
        assert_eq!(found, Some(number));
    }

    #[test]
    fn who_looks_in_vain_gives_up_and_tries_again_at_times() {
        let spins = Spins::new();
        for _ in 0..ENOUGH {
            assert!(in_vain(&spins, Deadline::NEVER) > FEW);
        }
        let mut left_out = 0;
        while in_vain(&spins, Deadline::NEVER) == FEW {
            left_out += 1;
        }
        assert_eq!(left_out, AGAIN - ENOUGH);
        assert_eq!(in_vain(&spins, Deadline::NEVER), FEW);
    }

    #[test]
    fn a_long_look_that_helps_is_taken_again_and_a_short_one_proves_nothing() {
        let spins = Spins::new();
        for _ in 0..AGAIN {
            in_vain(&spins, Deadline::NEVER);
        }
        find_at(&spins, 1);
        find_at(&spins, FEW + 1);
        for _ in 0..ENOUGH {
            assert!(in_vain(&spins, Deadline::NEVER) > FEW);
        }
        find_at(&spins, FEW);
        assert_eq!(in_vain(&spins, Deadline::NEVER), FEW);
    }

    #[test]
    fn nobody_looks_on_past_his_deadline() {
        let past = Deadline::after(Duration::ZERO);
        assert_eq!(in_vain(&Spins::new(), past), FEW + BETWEEN);
    }
}
