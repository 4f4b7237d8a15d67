//! A balance that several threads change at once, with and without a lock.
#![forbid(unsafe_code)]

use std::io;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use multiproc::thread::Builder;

/// A balance that threads may change while others do.
pub trait Balance: Default + Sync {
    /// Adds `n` and takes it away again: nothing, in the end. `round` counts
    /// the calls of one thread.
    fn change_it(&self, n: i64, round: u64);

    /// What it is now.
    fn get(&self) -> i64;
}

// ANCHOR: with_lock
/// One thread at a time: each change happens as a whole.
#[derive(Debug, Default)]
pub struct WithLock(Mutex<i64>);

impl Balance for WithLock {
    #[inline]
    fn change_it(&self, n: i64, _round: u64) {
        // Released at the end of the function, on every path: what Python's
        // `try` and `finally` are for.
        let mut balance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *balance += n;
        *balance -= n;
    }

    fn get(&self) -> i64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
// ANCHOR_END: with_lock

/// All threads at once, as Python's `balance = balance + n` without a lock: a
/// load and a store, between which another thread may store too. Its update is
/// lost then.
///
/// With plain variables this would be a data race, on which Rust and C put no
/// limit at all; with relaxed atomics each load and each store is whole, and
/// the lost update is all that goes wrong.
#[derive(Debug, Default)]
pub struct WithoutLock(AtomicI64);

impl WithoutLock {
    /// How many rounds a thread does between two in which it gives way.
    ///
    /// The scheduler may take the core away at any moment, but does so a few
    /// hundred times a second at most, and all the rounds are over sooner than
    /// that; nor does another core see every store at once. So that chance is
    /// not all that shows the error, a thread lets others run every so often,
    /// at a place picked at random. Giving way is always allowed: a program
    /// that it breaks is broken already.
    const GIVES_WAY: u64 = 100;
}

// ANCHOR: without_lock
impl Balance for WithoutLock {
    #[inline]
    fn change_it(&self, n: i64, round: u64) {
        let place = match round % Self::GIVES_WAY {
            0 => fastrand::u8(1..=3),
            _ => 0,
        };
        let give_way_at = |here| {
            if here == place {
                thread::yield_now();
            }
        };
        let balance = self.0.load(Ordering::Relaxed);
        give_way_at(1);
        self.0.store(balance + n, Ordering::Relaxed);
        give_way_at(2);
        let balance = self.0.load(Ordering::Relaxed);
        give_way_at(3);
        self.0.store(balance - n, Ordering::Relaxed);
    }

    fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}
// ANCHOR_END: without_lock

/// Runs a thread for each of `amounts`; each adds its amount and takes it away
/// again, `rounds` times. Gives the balance, which is 0 if nothing got lost.
///
/// # Errors
///
/// When the system allows no further thread.
pub fn run_threads<B: Balance>(amounts: &[i64], rounds: u64) -> io::Result<i64> {
    let balance = B::default();
    let ready = AtomicUsize::new(0);
    let run = |amount| {
        ready.fetch_add(1, Ordering::Relaxed);
        // Starting a thread takes about as long as its rounds: without this, the
        // first would be done before the second begins. With more threads than
        // cores, or fewer threads than wanted, the wait must not be a busy one.
        while ready.load(Ordering::Relaxed) < amounts.len() {
            thread::yield_now();
        }
        (0..rounds).for_each(|round| balance.change_it(amount, round));
    };
    thread::scope(|scope| {
        for (started, amount) in amounts.iter().enumerate() {
            let spawned = Builder::new().spawn_scoped(scope, || run(*amount));
            if let Err(error) = spawned {
                // Those that were started wait for the rest: let them go.
                ready.fetch_add(amounts.len() - started, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    })?;
    Ok(balance.get())
}
