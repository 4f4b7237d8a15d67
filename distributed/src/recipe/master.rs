//! The side that has the tasks.

use std::thread;

use anyhow::{Context, bail};
use common::say;
use multiproc::process::{ExitStatus, Process};
use pymanager::pickle::Value;
use pymanager::{Error, Listener, Manager, SharedQueue};

use super::{Interrupt, Options};

// ANCHOR: master
/// Serves the two queues, puts the tasks and prints the results. `worker` is
/// the only worker, where there is one that this program has started: without
/// it, no result will come.
pub(crate) fn master(
    options: &Options,
    listener: Listener,
    worker: Option<&Process>,
) -> anyhow::Result<()> {
    let task = SharedQueue::<u32>::new();
    // What a worker written in Python sends may be anything.
    let result = SharedQueue::<Value>::new();
    let key = options.key_for(listener.address().ip())?;
    let server = Manager::new(key)
        .register("get_task_queue", &task)
        .register("get_result_queue", &result)
        .start(listener)
        .context("cannot start the manager")?;

    let interrupt = Interrupt::new();
    let results = result.clone();
    interrupt.on_interrupt(move || results.shutdown(true));
    interrupt.listen()?;

    thread::scope(|scope| {
        if let Some(worker) = worker {
            let results = &result;
            scope.spawn(move || {
                if !worker.join().is_ok_and(ExitStatus::success) {
                    results.shutdown(true);
                }
            });
        }
        let outcome = put_and_get(options, &task, &result);
        // The reply to the last result's sender leaves first.
        server.shutdown();
        match (outcome, worker) {
            (Ok(()), _) => Ok(()),
            (Err(_), _) if interrupt.came() => {
                end(worker);
                Err(Interrupt::exit())
            }
            (Err(error), worker) => {
                // How the worker died is the cause, if it did.
                if let Some(worker) = worker
                    && worker.exit_status()?.is_some()
                {
                    worker.join_success()?;
                }
                end(worker);
                Err(error)
            }
        }
    })
}
// ANCHOR_END: master

/// Asks a worker to end, which the scope's thread waits for.
fn end(worker: Option<&Process>) {
    if let Some(worker) = worker {
        // One that has ended cannot be asked.
        let _ = worker.terminate();
    }
}

// ANCHOR: put_and_get
fn put_and_get(
    options: &Options,
    task: &SharedQueue<u32>,
    result: &SharedQueue<Value>,
) -> anyhow::Result<()> {
    let mut random = match options.seed {
        Some(seed) => fastrand::Rng::with_seed(seed),
        None => fastrand::Rng::new(),
    };
    for _ in 0..options.tasks {
        let n = random.u32(0..=10_000);
        say!("Put task {n}...");
        task.put(&n)?;
    }
    say!("Try get results...");
    for came in 0..options.tasks {
        match result.get_timeout(options.result_timeout()) {
            Ok(value) => say!("Result: {}", text(&value)),
            Err(Error::Empty) => bail!(
                "{came} of {} results came, and none for {:?}: is there a worker?",
                options.tasks,
                options.result_timeout()
            ),
            Err(error) => return Err(error).context("cannot get a result"),
        }
    }
    Ok(())
}
// ANCHOR_END: put_and_get

/// What Python's `print` would show.
fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_string(),
        None => value.repr(200),
    }
}
