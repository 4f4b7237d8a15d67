//! Readers killed at random; what they did not hold arrives, once, unharmed.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p ipc-queue --example kill_the_reader
//! 100000 items, 30 readers killed
//! came twice: 0, harmed: 0
//! lost: 4, at most one for each dead reader: true
//! ```
//!
//! Python: a process killed inside `Queue.get` leaves the queue's lock taken, and
//! everybody waits for ever. What to notice: here the kernel hands on the lock,
//! and an item leaves the queue by one store, so it is either in the queue or in a
//! reader's hands. A reader that dies takes only the item in its hands with it.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use common::{program, say};
use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::Queue;

const ITEMS: usize = 100_000;
const KILLS: usize = 30;

/// A number, and a text that belongs to it: a torn item would show.
type Item = (usize, String);

fn item(n: usize) -> Item {
    (n, format!("item {n}"))
}

fn main() -> ExitCode {
    program::example("Kills readers of a queue at random", || {
        let queue: Queue<Item> = Queue::with_capacity(100, 4096)?;
        // What readers report, and this process counts. Short, so that nobody
        // gets far ahead of the killing.
        let reports: Queue<Item> = Queue::with_capacity(200, 1 << 14)?;
        let read = || pass_on(&queue, &reports);
        let steady = Process::spawn("steady", read)?;
        let writer = Process::spawn("writer", || {
            (0..ITEMS).try_for_each(|n| queue.put(&item(n)))
        })?;

        let mut came = vec![0_u32; ITEMS];
        let mut harmed = 0;
        let mut count = |(n, text): Item| {
            if item(n).1 == text {
                came[n] += 1
            } else {
                harmed += 1
            }
        };
        for kill in 1..=KILLS {
            let victim = Process::spawn("victim", read)?;
            // It dies wherever it happens to be; the readings go on.
            for _ in 0..kill * 50 {
                count(next(&reports, [&writer, &steady])?);
            }
            thread::sleep(Duration::from_micros(kill as u64 * 10));
            victim.kill()?;
            victim.join()?;
        }
        while steady.is_alive()? || !reports.is_empty() {
            match reports.get_timeout(Duration::from_millis(10)) {
                Ok(report) => count(report),
                Err(Error::Empty) if writer.exit_status()?.is_some() => queue.close(),
                Err(Error::Empty) => {}
                Err(error) => return Err(error.into()),
            }
        }
        steady.join_success()?;
        writer.join_success()?;

        let lost = came.iter().filter(|times| **times == 0).count();
        let twice = came.iter().filter(|times| **times > 1).count();
        say!("{ITEMS} items, {KILLS} readers killed");
        say!("came twice: {twice}, harmed: {harmed}");
        say!(
            "lost: {lost}, at most one for each dead reader: {}",
            lost <= KILLS
        );
        Ok(())
    })
}

/// The next report; `None` if one of `both` has died, since neither ends by itself
/// this early.
fn next(reports: &Queue<Item>, both: [&Process; 2]) -> anyhow::Result<Item> {
    loop {
        match reports.get_timeout(Duration::from_millis(100)) {
            Err(Error::Empty) => {
                for process in both {
                    if !process.is_alive()? {
                        process.join_success()?;
                    }
                }
            }
            report => return Ok(report?),
        }
    }
}

fn pass_on(queue: &Queue<Item>, reports: &Queue<Item>) -> Result<(), Error> {
    loop {
        match queue.get() {
            Ok(item) => reports.put(&item)?,
            Err(Error::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
