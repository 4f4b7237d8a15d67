//! What the two roles need around them: the manager that serves the master's
//! queues, the worker's process, and an end for each.

use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use common::say;
use multiproc::process::{Builder, ExitStatus, Process};
use pymanager::{Error, Listener, Manager, SharedQueue};
use rustix::process::Signal;

use crate::options::{Options, Server};
use crate::stop::Stop;
use crate::{master, worker};

/// How long the master stays for workers that still have to hear that all is
/// done.
const FAREWELL: Duration = Duration::from_secs(2);

/// The master, with workers that come from elsewhere.
pub(crate) fn run_master(options: &Options) -> anyhow::Result<()> {
    let listener = listen(options)?;
    if options.port_was_left_open() {
        say!("Listen on {}...", listener.address());
    }
    serve(options, listener, None)
}

/// A worker, for a master that is there already.
pub(crate) fn run_worker(options: &Options) -> anyhow::Result<()> {
    let stop = Stop::listen()?;
    let server = options.server(options.address()?)?;
    stop.or(work_for(options, &server, &stop))
}

/// Master and worker as two processes that talk through a port which the
/// system chooses.
pub(crate) fn run_both(options: &Options) -> anyhow::Result<()> {
    let listener = listen(options)?;
    let server = options.server(listener.address())?;
    // The worker is forked before the manager starts its threads. It connects
    // to a socket that listens already, and waits there to be accepted. Ctrl-C
    // is the master's affair; it ends the worker.
    let worker = Builder::new("worker")
        .ignore_interrupt()
        .close_in_child(&listener)
        .spawn(|| work_for(options, &server, &Stop::never()))
        .context("cannot start the worker")?;
    serve(options, listener, Some(&worker))?;
    worker.join_success()?;
    Ok(())
}

/// Does a worker's work; an error names the master, unless it does already.
fn work_for(options: &Options, server: &Server, stop: &Stop) -> anyhow::Result<()> {
    worker(options, server, stop).map_err(|error| match error {
        error @ (Error::Connect { .. } | Error::Vanished { .. }) => error.into(),
        error => anyhow::Error::new(error).context(format!("server {}", server.address)),
    })
}

fn listen(options: &Options) -> anyhow::Result<Listener> {
    let address = options.address()?;
    options.key_for(address.ip())?;
    Listener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

/// Serves the master's queues while it puts and gets. `only_worker` is the one
/// that this program has started itself: without it, no result will come.
fn serve(
    options: &Options,
    listener: Listener,
    only_worker: Option<&Process>,
) -> anyhow::Result<()> {
    // ANCHOR: serve
    let task = SharedQueue::new();
    let result = SharedQueue::new();
    let key = options.key_for(listener.address().ip())?;
    let server = Manager::new(key)
        .register("get_task_queue", &task)
        .register("get_result_queue", &result)
        .start(listener)
        .context("cannot start the manager")?;
    // ANCHOR_END: serve
    let stop = Stop::listen()?;
    stop.shuts(&result);

    let outcome = thread::scope(|scope| {
        if let Some(worker) = only_worker {
            scope.spawn(|| {
                if !worker.join().is_ok_and(ExitStatus::success) {
                    result.shutdown(true);
                }
            });
        }
        let outcome = master(options, &task, &result);
        // Who still waits for a task hears that there are no more.
        task.shutdown(true);
        match (outcome, only_worker) {
            (Err(error), Some(worker)) => Err(cause(error, worker, &stop)),
            (outcome, _) => outcome,
        }
    });
    if outcome.is_ok() {
        server.wait_for_clients(FAREWELL);
    }
    stop.or(outcome)
}

/// Why no result came: how the worker died is the cause, if it did. One that
/// lives is ended.
fn cause(error: anyhow::Error, worker: &Process, stop: &Stop) -> anyhow::Error {
    match worker.exit_status() {
        Ok(None) => {
            // One that has ended meanwhile cannot be asked.
            let _ = worker.terminate();
            error
        }
        Ok(Some(ExitStatus::Signal(signal)))
            if [Signal::TERM, Signal::HUP]
                .map(Signal::as_raw)
                .contains(&signal) =>
        {
            // As a rule it went to the whole group, and is on its way to us.
            stop.came_within(Duration::from_secs(1));
            died(error, worker)
        }
        _ => died(error, worker),
    }
}

fn died(error: anyhow::Error, worker: &Process) -> anyhow::Error {
    match worker.join_success() {
        Ok(()) => error,
        Err(death) => death.into(),
    }
}

/// What a master says when a result did not come.
pub(crate) fn missing(error: Error, came: usize, options: &Options) -> anyhow::Error {
    match error {
        Error::Empty => anyhow!(
            "{came} of {} results came, and none for {:?}: is there a worker?",
            options.tasks,
            options.result_timeout()
        ),
        error => anyhow::Error::new(error).context("cannot get a result"),
    }
}
