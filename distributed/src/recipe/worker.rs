//! The side that does the work.

use std::thread;

use common::say;
use pymanager::{Client, Error, RemoteQueue};

use super::options::Target;
use super::{Interrupt, Options};

/// Connects to a master and does its tasks, as many as there are to try.
pub(crate) fn worker(
    options: &Options,
    target: &Target,
    interrupt: Option<&Interrupt>,
) -> anyhow::Result<()> {
    if let Some(interrupt) = interrupt {
        interrupt.listen()?;
    }
    say!("Connect to server {}...", target.host);
    let client = Client::connect(target.address, &target.key);
    let client = client.map_err(|error| explain(error, target))?;
    if let Some(interrupt) = interrupt {
        let client = client.clone();
        interrupt.on_interrupt(move || client.disconnect());
    }
    match work(options, &client, interrupt) {
        // The connection was cut here.
        Err(_) if interrupt.is_some_and(Interrupt::came) => Err(Interrupt::exit()),
        Err(error) => Err(explain(error, target)),
        Ok(()) if interrupt.is_some_and(Interrupt::came) => Err(Interrupt::exit()),
        Ok(()) => {
            say!("worker exit.");
            Ok(())
        }
    }
}

// ANCHOR: work
fn work(options: &Options, client: &Client, interrupt: Option<&Interrupt>) -> Result<(), Error> {
    let task: RemoteQueue<i64> = client.queue("get_task_queue")?;
    let result: RemoteQueue<String> = client.queue("get_result_queue")?;
    for _ in 0..options.tasks {
        let n = match task.get_timeout(options.task_timeout()) {
            Ok(n) => n,
            Err(Error::Empty) => {
                say!("task queue is empty.");
                continue;
            }
            Err(error) => return Err(error),
        };
        say!("run task {n} * {n}...");
        match interrupt {
            Some(interrupt) => interrupt.sleep(options.pause),
            None => thread::sleep(options.pause),
        }
        if interrupt.is_some_and(Interrupt::came) {
            // Somebody else may do it.
            return task.put(&n);
        }
        let square = i128::from(n) * i128::from(n);
        result.put(&format!("{n} * {n} = {square}"))?;
    }
    Ok(())
}
// ANCHOR_END: work

/// Names the server, where the error itself does not.
fn explain(error: Error, target: &Target) -> anyhow::Error {
    match error {
        error @ Error::Connect { .. } => error.into(),
        error => anyhow::Error::new(error).context(format!("server {}", target.address)),
    }
}
