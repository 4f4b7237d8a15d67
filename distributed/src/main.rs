//! A master that hands out tasks over the network and workers that do them.
//!
//! Run both at once with `cargo run -p distributed`; or `cargo run -p
//! distributed -- master` in one terminal and `cargo run -p distributed --
//! worker` in another, as many workers as you like. In Python this is
//! `multiprocessing.managers.BaseManager`, and it is the same on the wire: a
//! master or worker in Python takes part unchanged.
//!
//! What to notice: neither side knows of connections. The master puts tasks
//! into a queue of its own; a worker holds a proxy that has the same methods.
//! Kill a worker while it waits (`kill -9`): no task is lost with it.
#![forbid(unsafe_code)]

mod recipe;

use std::process::ExitCode;

use anyhow::Context;
use common::program;
use multiproc::process::Builder;
use pymanager::Listener;
use recipe::{Interrupt, Options, Role};

fn main() -> ExitCode {
    program::run(|options: Options| match options.role {
        Some(Role::Master) => master(&options),
        Some(Role::Worker) => recipe::worker(&options, &options.target()?, Some(&Interrupt::new())),
        None => both(&options),
    })
}

fn master(options: &Options) -> anyhow::Result<()> {
    let listener = listen(options)?;
    if options.port_was_left_open() {
        common::say!("Listen on {}...", listener.address());
    }
    recipe::master(options, listener, None)
}

/// Master and worker as two processes that talk through a port which the
/// system chooses.
fn both(options: &Options) -> anyhow::Result<()> {
    let listener = listen(options)?;
    let target = options.target_at(listener.address())?;
    // The worker is forked before the manager starts its threads. It connects
    // to a socket that listens already, and waits there to be accepted. Ctrl-C
    // is the master's affair; it ends the worker.
    let worker = Builder::new("worker")
        .ignore_interrupt()
        .close_in_child(&listener)
        .spawn(|| recipe::worker(options, &target, None))
        .context("cannot start the worker")?;
    recipe::master(options, listener, Some(&worker))?;
    worker.join_success()?;
    Ok(())
}

fn listen(options: &Options) -> anyhow::Result<Listener> {
    let address = options.listening_address()?;
    Listener::bind(address).with_context(|| format!("cannot listen on {address}"))
}
