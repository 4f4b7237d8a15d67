//! A semaphore: at most so many threads at once.
//!
//! ```text
//! $ cargo run -q -p threads --example bounded_semaphore
//! 6 downloads, at most 2 at once
//! the most at once: 2
//! try_acquire while 2 are out: none left
//! acquire_timeout while 2 are out: none left after 0.1 s
//! one is given back, then try_acquire: got one
//! ```
//!
//! Python: `threading.Semaphore(2)`, `with semaphore:`,
//! `semaphore.acquire(timeout=0.1)`. What to notice: a semaphore is a queue of
//! permits. Whoever wants in takes one out, and waits if there is none; dropping
//! the permit puts it back, on every path. With a single permit it is a lock.
//! (A queue of permits works between processes too. But if a process is killed,
//! its permit is lost, as in Python. Where that may happen, use locks, which the
//! kernel hands on: `process_lock`.)
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{program, say};
use multiproc::queue::Error;
use multiproc::queue::thread::Queue;
use multiproc::thread::Builder;

const PERMITS: usize = 2;
const DOWNLOADS: usize = 6;

struct Semaphore(Queue<()>);

/// The right to be in, until dropped.
struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    fn new(permits: usize) -> Result<Self, Error> {
        let queue = Queue::new(permits);
        (0..permits).try_for_each(|_| queue.put(()))?;
        Ok(Semaphore(queue))
    }

    fn acquire(&self) -> Option<Permit<'_>> {
        self.0.get().is_ok().then(|| Permit(self))
    }

    fn try_acquire(&self) -> Option<Permit<'_>> {
        self.0.try_get().is_ok().then(|| Permit(self))
    }

    fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.0.get_timeout(timeout).is_ok().then(|| Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // There is room: it was taken out.
        let _ = self.0.0.try_put(());
    }
}

fn main() -> ExitCode {
    program::example("Lets two of six threads in at once", || {
        let semaphore = Semaphore::new(PERMITS)?;
        say!("{DOWNLOADS} downloads, at most {PERMITS} at once");
        let (now, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            let start = |_| {
                let download = || download(&semaphore, &now, &most);
                Builder::new().spawn_scoped(scope, download).map(drop)
            };
            (0..DOWNLOADS).try_for_each(start)
        })?;
        say!("the most at once: {}", most.into_inner());

        let told = |permit: Option<Permit>| {
            if permit.is_some() {
                "got one"
            } else {
                "none left"
            }
        };
        let both = (semaphore.acquire(), semaphore.acquire());
        say!(
            "try_acquire while 2 are out: {}",
            told(semaphore.try_acquire())
        );
        let (time, seconds) = (Duration::from_millis(100), 0.1);
        let permit = told(semaphore.acquire_timeout(time));
        say!("acquire_timeout while 2 are out: {permit} after {seconds} s");
        drop(both.0);
        let permit = told(semaphore.try_acquire());
        say!("one is given back, then try_acquire: {permit}");
        Ok(())
    })
}

fn download(semaphore: &Semaphore, now: &AtomicU32, most: &AtomicU32) {
    let _permit = semaphore.acquire();
    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    // The work: looking for company, for a while.
    let start = Instant::now();
    while most.load(Ordering::SeqCst) < 2 && start.elapsed() < Duration::from_secs(5) {
        thread::yield_now();
    }
    now.fetch_sub(1, Ordering::SeqCst);
}
