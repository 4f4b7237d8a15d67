//! Workers on several machines that wait for each other between two parts of
//! their work.
//!
//! <!-- any order -->
//! ```text
//! $ cargo run -p distributed --example meet_at_barrier
//! worker 1 has done part 1
//! worker 2 has done part 1
//! worker 3 has done part 1
//! worker 1 begins part 2
//! worker 2 begins part 2
//! worker 3 begins part 2
//! ```
//!
//! The same in Python: docs/python/meet_at_barrier.py.
//!
//! What to notice: nobody begins part 2 before all have done part 1. If a worker
//! dies on the way, the others would wait for it for ever; so who sees it die
//! breaks the barrier, and they hear of it.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;

use anyhow::Context;
use common::{program, say};
use multiproc::process::{Builder, Process};
use pymanager::{AuthKey, Client, Error, Listener, Manager, RemoteBarrier, SharedBarrier};

const WORKERS: usize = 3;

fn main() -> ExitCode {
    program::example("Makes workers wait for each other.", || {
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.address();
        // Forked first: the manager starts threads.
        let start = |n| {
            Builder::new(format!("worker {n}"))
                .close_in_child(&listener)
                .spawn(move || worker(address, n))
        };
        let workers = (1..=WORKERS).map(start).collect::<Result<Vec<_>, _>>()?;

        let barrier = SharedBarrier::new(WORKERS)?;
        let server = Manager::new(AuthKey::new("abc"))
            .register("get_barrier", &barrier)
            .start(listener)
            .context("cannot start the manager")?;
        thread::scope(|scope| {
            for worker in &workers {
                scope.spawn(|| {
                    let _ = worker.join();
                    // Who is through is through; who waits, waits in vain.
                    barrier.abort()
                });
            }
        });
        server.shutdown();
        workers.iter().try_for_each(Process::join_success)?;
        Ok(())
    })
}

// ANCHOR: worker
/// On whatever machine.
fn worker(address: SocketAddr, n: usize) -> anyhow::Result<()> {
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let barrier: RemoteBarrier = client.remote("get_barrier", &[])?;
    say!("worker {n} has done part 1");
    match barrier.wait() {
        Ok(_) => say!("worker {n} begins part 2"),
        // The worker that is missing has told why.
        Err(Error::BrokenBarrier) => {}
        Err(error) => Err(error)?,
    }
    Ok(())
}
// ANCHOR_END: worker
