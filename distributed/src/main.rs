//! A master that hands out tasks over the network, and workers that do them: run
//! both with `cargo run -p distributed`, or each in a terminal, `-- master` and
//! `-- worker`. In Python this is `multiprocessing.managers`, the same on the wire:
//! either side may be a Python program. What to notice: neither side knows of
//! connections. Kill a worker that waits (`kill -9`): no task is lost with it.
#![forbid(unsafe_code)]

mod options;
mod roles;
mod stop;

use std::process::ExitCode;

use common::{program, say};
use options::{Options, Role, Server};
use pymanager::pickle::Value;
use pymanager::{Client, Error, RemoteQueue, SharedQueue};
use stop::Stop;

fn main() -> ExitCode {
    program::run(|options: Options| match options.role {
        Some(Role::Master) => roles::run_master(&options),
        Some(Role::Worker) => roles::run_worker(&options),
        None => roles::run_both(&options),
    })
}

// ANCHOR: worker
/// Does the tasks of a master, as many as there are to try.
fn worker(options: &Options, server: &Server, stop: &Stop) -> Result<(), Error> {
    say!("Connect to server {}...", server.host);
    let client = Client::connect(server.address, &server.key)?;
    stop.cuts_off(&client);
    let task: RemoteQueue<i64> = client.queue("get_task_queue")?;
    let result: RemoteQueue<String> = client.queue("get_result_queue")?;
    for _ in 0..options.tasks {
        match task.get_timeout(options.task_timeout()) {
            Ok(n) => {
                say!("run task {n} * {n}...");
                if stop.came_within(options.pause) {
                    return task.put(&n); // Somebody else may do it.
                }
                let square = i128::from(n) * i128::from(n);
                result.put(&format!("{n} * {n} = {square}"))?;
            }
            Err(Error::Empty) => say!("task queue is empty."),
            Err(Error::ShutDown) => break, // The master has all its results.
            Err(error) => return Err(error),
        }
    }
    say!("worker exit.");
    Ok(())
}
// ANCHOR_END: worker

// ANCHOR: master
/// Puts tasks into one queue, and takes results, of any type, from the other.
fn master(
    options: &Options,
    task: &SharedQueue<u32>,
    result: &SharedQueue<Value>,
) -> anyhow::Result<()> {
    let mut random = options.random();
    for _ in 0..options.tasks {
        let n = random.u32(0..=10_000);
        say!("Put task {n}...");
        task.put(&n)?;
    }
    say!("Try get results...");
    for came in 0..options.tasks {
        let value = result.get_timeout(options.result_timeout());
        let value = value.map_err(|error| roles::missing(error, came, options))?;
        say!("Result: {}", value.as_str().unwrap_or(&value.repr(200)));
    }
    Ok(())
}
// ANCHOR_END: master
