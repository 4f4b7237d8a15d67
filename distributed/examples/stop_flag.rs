//! A flag that stops workers on several machines.
//!
//! <!-- any order -->
//! ```text
//! $ cargo run -p distributed --example stop_flag
//! worker 1 is at work
//! worker 2 is at work
//! stop
//! worker 1 stops
//! worker 2 stops
//! ```
//!
//! The same in Python: docs/python/stop_flag.py.
//!
//! What to notice: nobody asks again and again whether the flag is set. A worker
//! that has nothing to do for a while waits *for the flag* that long: when it is
//! set, it stops at once.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use common::{program, say};
use multiproc::process::{Builder, Process};
use pymanager::{AuthKey, Client, Listener, Manager, RemoteEvent, SharedEvent};

const PAUSE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    program::example("Stops workers by an event.", || {
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.address();
        // Forked first: the manager starts threads.
        let start = |n| {
            Builder::new(format!("worker {n}"))
                .close_in_child(&listener)
                .spawn(move || worker(address, n))
        };
        let workers = (1..=2).map(start).collect::<Result<Vec<_>, _>>()?;

        let stop = SharedEvent::new();
        let server = Manager::new(AuthKey::new("abc"))
            .register("get_stop", &stop)
            .start(listener)
            .context("cannot start the manager")?;
        say!("stop");
        stop.set()?;
        workers.iter().try_for_each(Process::join_success)?;
        server.shutdown();
        Ok(())
    })
}

// ANCHOR: worker
/// On whatever machine.
fn worker(address: SocketAddr, n: u32) -> anyhow::Result<()> {
    say!("worker {n} is at work");
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let stop: RemoteEvent = client.remote("get_stop", &[])?;
    while !stop.wait_timeout(PAUSE)? {
        // Here would be the work of every ten seconds.
    }
    say!("worker {n} stops");
    Ok(())
}
// ANCHOR_END: worker
