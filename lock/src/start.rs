//! Threads that begin together.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{PoisonError, RwLock};
use std::thread;

use anyhow::Context;
use common::program::Progress;
use common::timeline;
use multiproc::thread::Builder;

use crate::options::Options;

/// How many rounds to do between two updates of the progress.
const STEP: u64 = 100_000;

/// Runs the threads. Each calls `change`, with its amount and a number of
/// rounds, until it has done all of its rounds.
pub(crate) fn run_threads(
    options: &Options,
    change: impl Fn(i64, u64) + Sync,
) -> anyhow::Result<()> {
    let Options {
        threads, rounds, ..
    } = *options;
    let progress = Progress::new(rounds.saturating_mul(threads.into()));
    // Starting a thread takes about as long as its rounds: without a barrier, the
    // first would be done before the second begins.
    let all_are_there = RwLock::new(false);
    let running = AtomicU16::new(0);
    let run = |amount| {
        if !*all_are_there.read().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        // A thread that is woken does not run yet: all begin when the last one
        // runs.
        running.fetch_add(1, Ordering::Relaxed);
        while running.load(Ordering::Relaxed) < threads {
            thread::yield_now();
        }
        timeline::mark(format_args!("begins {rounds} rounds with {amount}"));
        let mut left = rounds;
        while left > 0 {
            let step = left.min(STEP);
            change(amount, step);
            progress.add(step);
            left -= step;
        }
        timeline::mark(format_args!("has done them"));
    };
    // ANCHOR: start
    thread::scope(|scope| {
        // Those that were started wait for this: it goes, whatever happens.
        let mut go = all_are_there
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for number in 0..i64::from(threads) {
            let amount = 5 + 3 * number;
            Builder::new()
                .spawn_scoped(scope, move || run(amount))
                .with_context(|| format!("cannot start thread {}", number + 1))?;
        }
        *go = true;
        Ok(())
    })
    // ANCHOR_END: start
}

/// Lets another thread run, every so often, at a place picked at random.
///
/// The scheduler may take the core away at any moment, but it does so at most a
/// few hundred times a second, and all rounds are over sooner than that. Nor does
/// another core see every store at once. So that it does not take luck to see the
/// error, a thread yields by itself. That is always allowed: a program that breaks
/// by it was broken before.
pub(crate) fn give_way(round: u64) {
    // Not much more often than that: on a busy machine each time is a long wait.
    if round.is_multiple_of(500) && fastrand::bool() {
        thread::yield_now();
    }
}
