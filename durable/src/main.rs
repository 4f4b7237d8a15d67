//! A master and workers around a queue that outlives them all.
//!
//! Run all of it at once with `cargo run -p durable`, which needs nats-server;
//! or, against a server that is there, `cargo run -p durable -- master --server
//! URL` and `... -- worker --server URL`, as many as you like, on any machine;
//! `-- status` tells how far it is. Python has nothing like it in its library;
//! `docs/python/jetstream_tasks` is the same queue, and takes part.
//!
//! What to notice: a worker is killed in the middle of its task (`kill -9`), and
//! another one does the task. Kill the master too, or the server, and start it
//! again: everything is still there.
#![forbid(unsafe_code)]

mod recipe;

use std::io::{BufRead, BufReader, PipeWriter, Read, Write, pipe};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use common::{program, say};
use durable::Server;
use multiproc::process::Builder;
use recipe::{Options, Role};

fn main() -> ExitCode {
    program::run(|options: Options| match options.role {
        Some(Role::Master) => recipe::master(&options, options.address(), || Ok(())),
        Some(Role::Worker) => recipe::worker(&options, options.address(), options.timeout, None),
        Some(Role::Status) => recipe::status(&options, options.address()),
        None => all(&options),
    })
}

// ANCHOR: all
/// A master and three workers, one of which is killed.
fn all(options: &Options) -> anyhow::Result<()> {
    let server = match options.server {
        None => Some(Server::start()?),
        Some(_) => None,
    };
    let address = server.as_ref().map_or(options.address(), Server::address);
    // Forked before the queue starts its thread. The first worker says which
    // task it has, and gets stuck; the others wait until it has one.
    let (begun, tell) = pipe()?;
    let (gate, open) = pipe()?;
    let spawn = |name: &str, tell: Option<&PipeWriter>| {
        let worker = Builder::new(name).close_in_child(&open).spawn(|| {
            if tell.is_none() {
                (&gate).read_exact(&mut [0])?;
            }
            // By then there are all tasks that there will be.
            let patience = tell.map_or(Duration::ZERO, |_| options.timeout);
            recipe::worker(options, address, patience, tell)
        });
        worker.with_context(|| format!("cannot start {name}"))
    };
    let doomed = spawn("worker 1", Some(&tell))?;
    let others = [spawn("worker 2", None)?, spawn("worker 3", None)?];
    drop(tell);

    recipe::master(options, address, || {
        let mut task = String::new();
        BufReader::new(begun).read_line(&mut task)?;
        ensure!(!task.is_empty(), "worker 1 ended before it had a task");
        say!("Kill worker 1 in the middle of task {}...", task.trim_end());
        doomed.kill()?;
        (&open).write_all(b"..")?;
        Ok(())
    })?;
    for worker in &others {
        worker.join_success()?;
    }
    Ok(())
}
// ANCHOR_END: all
