//! The side that does the work.

use std::io::{PipeWriter, Write};
use std::thread;
use std::time::{Duration, Instant};

use common::say;
use jetstream_tasks::{Error, Queue};

use super::Options;

// ANCHOR: worker
/// Waits for a first task as long as `patience` lasts, and does tasks until none
/// is left. With `stuck`, it only tells there which task it has taken, and hangs.
pub(crate) fn worker(
    options: &Options,
    address: &str,
    mut patience: Duration,
    stuck: Option<&PipeWriter>,
) -> anyhow::Result<()> {
    say!("Connect to server {}...", host(address));
    let queue: Queue<u64> = Queue::open(address, &options.queue, &options.settings())?;
    while let Some(task) = take(&queue, patience)? {
        let n = task.value;
        say!("run task {n} * {n}...");
        if let Some(mut told) = stuck {
            writeln!(told, "{n}")?;
            loop {
                thread::park();
            }
        }
        thread::sleep(options.pause);
        let square = u128::from(n) * u128::from(n);
        match task.done(&format!("{n} * {n} = {square}")) {
            Ok(()) => {}
            // It took too long to say so, and another worker was there.
            Err(Error::LeaseLost(_) | Error::AlreadyDone(_)) => say!("task {n} was not mine."),
            Err(error) => return Err(error.into()),
        }
        patience = Duration::ZERO;
    }
    say!("worker exit.");
    Ok(())
}
// ANCHOR_END: worker

/// The next task; none when all are done, for as long as `patience` lasts.
fn take(
    queue: &Queue<u64>,
    patience: Duration,
) -> anyhow::Result<Option<jetstream_tasks::Task<u64>>> {
    let begin = Instant::now();
    loop {
        match queue.get(Duration::from_millis(500)) {
            Ok(task) => return Ok(Some(task)),
            // Another worker's task may come back.
            Err(Error::Empty) if queue.len()? > 0 || begin.elapsed() < patience => {}
            Err(Error::Empty) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Without the scheme, the password and the port.
fn host(address: &str) -> &str {
    let address = address.rsplit_once("://").map_or(address, |(_, rest)| rest);
    let address = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}
