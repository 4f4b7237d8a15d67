//! A pool whose tasks use threads, and why the processes come first.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p mixed --example pool_of_threads
//! 2 processes with 2 threads each: 9592 primes below 100000
//! a thread was there before the pool: cannot start the pool: cannot fork: this process has 2 threads, and a fork copies only one; start processes and pools before threads
//! what would happen: the child waits for a lock that its parent's thread held at the fork
//! the lock's owner is not in the child: still locked after 0.2 s, and for ever
//! ```
//!
//! What to notice: a task may start threads, since it runs in a process of its
//! own, and joins them before it returns. The other way round the pool refuses.
//! The last lines show what it refuses: a child that is forked while somebody
//! holds a lock has the lock, locked, and not the one who would unlock it. (Here
//! the lock is held by the thread that forks, which has the same effect and can
//! be shown without undefined behaviour.)
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::{Mutex, TryLockError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{program, say};
use multiproc::pool::Pool;
use multiproc::process::Process;

const BELOW: u32 = 100_000;
const PROCESSES: u32 = 2;
const THREADS: u32 = 2;

fn main() -> ExitCode {
    program::example("Computes with processes times threads", || {
        fork_first()?;
        fork_last();
        what_would_happen()
    })
}

// ANCHOR: pool
fn fork_first() -> anyhow::Result<()> {
    // The pool forks here; the tasks' threads come later, in its processes.
    let pool = Pool::new(PROCESSES as usize, primes_in_threads)?;
    let shares: Vec<u32> = (0..PROCESSES).collect();
    let counts = shares.into_iter().map(|share| pool.apply_async(share));
    let counts: Vec<_> = counts.collect();
    let mut primes = 0;
    for count in counts {
        primes += count.get()?;
    }
    say!("{PROCESSES} processes with {THREADS} threads each: {primes} primes below {BELOW}");
    pool.close().join()?;
    Ok(())
}

fn primes_in_threads(share: u32) -> u32 {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|n| scope.spawn(move || count_primes(share * THREADS + n)))
            .collect();
        // A panic in a thread becomes one of the task, and so its error.
        let counts = threads.into_iter().map(|thread| match thread.join() {
            Ok(count) => count,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        counts.sum()
    })
}

fn fork_last() {
    let (stop, stopped) = mpsc::channel::<()>();
    let thread = thread::spawn(move || stopped.recv());
    match Pool::new(PROCESSES as usize, primes_in_threads) {
        Ok(_) => say!("a pool with threads around"),
        Err(error) => {
            let error = anyhow::Error::from(error);
            say!("a thread was there before the pool: {error:#}");
        }
    }
    drop(stop);
    let _ = thread.join();
}
// ANCHOR_END: pool

fn what_would_happen() -> anyhow::Result<()> {
    say!("what would happen: the child waits for a lock that its parent's thread held at the fork");
    let lock = Mutex::new(());
    let held = lock.lock();
    let child = Process::spawn("child", || {
        let start = Instant::now();
        while let Err(TryLockError::WouldBlock) = lock.try_lock() {
            if start.elapsed() > Duration::from_millis(200) {
                say!(
                    "the lock's owner is not in the child: still locked after 0.2 s, and for ever"
                );
                return;
            }
            thread::yield_now();
        }
    })?;
    drop(held);
    child.join_success()?;
    Ok(())
}

/// Of the numbers below the limit, every so-many-th.
fn count_primes(nth: u32) -> u32 {
    let step = (PROCESSES * THREADS) as usize;
    let is_prime = |n: &u32| {
        *n > 1
            && (2..)
                .take_while(|d| d * d <= *n)
                .all(|d| !n.is_multiple_of(d))
    };
    let count = (nth..BELOW).step_by(step).filter(is_prime).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
