//! Two locks taken in opposite order: two threads wait for each other for ever,
//! unless they notice. Then the cure: one order for all.
//!
//! <!-- any order -->
//! ```text
//! $ cargo run -q -p lock --example deadlock
//! In opposite order:
//! MainThread has left and wants right
//! Thread-B has right and wants left
//! MainThread gave up after 0.5 s: right is still taken
//! Thread-B gave up after 0.5 s: left is still taken
//! In one order:
//! MainThread has left and right
//! Thread-B has left and right
//! ```
//!
//! Python: `lock.acquire(timeout=0.5)`. What to notice: nothing is wrong with
//! either thread alone. `std::sync::Mutex` has no such time-out and would hang
//! here, so the lock of this example is a queue with one key: whoever wants in
//! takes the key out and puts it back afterwards. The first two lines may change
//! places, and so may the next two.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use common::{program, say};
use multiproc::queue::thread::Queue;
use multiproc::thread::{Builder, current_name};

const PATIENCE: Duration = Duration::from_millis(500);

/// A lock with a time-out.
struct Lock {
    name: &'static str,
    key: Queue<()>,
}

/// The right to be in, until dropped.
struct Held<'a>(&'a Lock);

impl Lock {
    fn new(name: &'static str) -> anyhow::Result<Self> {
        let key = Queue::new(1);
        key.put(())?;
        Ok(Lock { name, key })
    }

    fn acquire(&self, timeout: Duration) -> Option<Held<'_>> {
        let key = self.key.get_timeout(timeout);
        key.is_ok().then(|| Held(self))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Its place is free: nobody else has a key to put there.
        let _ = self.0.key.try_put(());
    }
}

fn main() -> ExitCode {
    program::example("Shows a deadlock between two locks, and its cure", || {
        let (left, right) = (Lock::new("left")?, Lock::new("right")?);
        say!("In opposite order:");
        // Each holds its first lock before either asks for its second, and
        // keeps it until both have given up: the worst case, every time.
        let both = Barrier::new(2);
        two_threads(
            || in_opposite_order(&left, &right, &both),
            || in_opposite_order(&right, &left, &both),
        )?;
        say!("In one order:");
        two_threads(
            || in_one_order(&left, &right),
            || in_one_order(&left, &right),
        )
    })
}

// ANCHOR: orders
fn in_opposite_order(first: &Lock, second: &Lock, both: &Barrier) -> anyhow::Result<()> {
    let _first = first.acquire(PATIENCE).context("the first lock is free")?;
    let (own, seconds) = (current_name(), PATIENCE.as_secs_f64());
    say!("{own} has {} and wants {}", first.name, second.name);
    both.wait();
    if second.acquire(PATIENCE).is_none() {
        say!(
            "{own} gave up after {seconds} s: {} is still taken",
            second.name
        );
    }
    both.wait();
    Ok(())
}

/// Whoever has the first lock is the only one who may ask for the second.
fn in_one_order(left: &Lock, right: &Lock) -> anyhow::Result<()> {
    let _left = left.acquire(PATIENCE).context("left was not released")?;
    let _right = right.acquire(PATIENCE).context("right was not released")?;
    say!("{} has {} and {}", current_name(), left.name, right.name);
    Ok(())
}
// ANCHOR_END: orders

fn two_threads(
    here: impl FnOnce() -> anyhow::Result<()>,
    there: impl FnOnce() -> anyhow::Result<()> + Send,
) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let there = Builder::new().name("Thread-B").spawn_scoped(scope, there)?;
        let here = here();
        here.and(there.join().expect("no panic"))
    })
}
