//! The side that has the tasks.

use anyhow::Context;
use common::say;
use indicatif::{ProgressBar, ProgressStyle};
use jetstream_tasks::{Error, Queue};

use super::Options;

// ANCHOR: master
/// Puts the tasks and prints their results. Between the two it lets `meanwhile`
/// happen.
pub(crate) fn master(
    options: &Options,
    address: &str,
    meanwhile: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut random = match options.seed {
        Some(seed) => fastrand::Rng::with_seed(seed),
        None => fastrand::Rng::new(),
    };
    let queue: Queue<u64> = Queue::open(address, &options.queue, &options.settings())?;
    let mut ids = Vec::new();
    for _ in 0..options.tasks {
        let n = random.u64(0..=10_000);
        say!("Put task {n}...");
        ids.push(queue.put(&n)?);
    }
    meanwhile()?;
    say!("Try get results...");
    let bar = progress_bar(ids.len() as u64);
    for (came, id) in ids.iter().enumerate() {
        let result: String = match queue.result(id, options.timeout) {
            Err(Error::TimedOut(time)) => anyhow::bail!(
                "{came} of {} results came, and none for {time:?}: is there a worker?",
                ids.len()
            ),
            result => result.context("cannot get a result")?,
        };
        bar.suspend(|| say!("Result: {result}"));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
// ANCHOR_END: master

/// Seen on a terminal only.
fn progress_bar(tasks: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len}");
    ProgressBar::new(tasks).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// One who looks on.
pub(crate) fn status(options: &Options, address: &str) -> anyhow::Result<()> {
    let queue: Queue<u64> = Queue::open(address, &options.queue, &options.settings())?;
    let stats = queue.stats()?;
    say!("waiting or with workers: {}", stats.waiting + stats.delayed);
    say!("done: {}", stats.done);
    say!("dead letters: {}", stats.dead);
    for letter in queue.dead_letters(10)? {
        say!(
            "  {} after {} attempts: {}",
            letter.id,
            letter.attempts,
            letter.reason
        );
    }
    Ok(())
}
