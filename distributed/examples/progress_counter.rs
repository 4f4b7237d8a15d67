//! A counter that workers on several machines share, under a lock.
//!
//! ```text
//! $ cargo run -p distributed --example progress_counter
//! 3 workers, 100 steps each
//! 300 steps are counted
//! ```
//!
//! The same in Python: docs/python/progress_counter.py.
//!
//! What to notice: to add one is to read and to write, which are two calls, and
//! without the lock another worker would come between them. The lock is
//! released when its guard is dropped; and when its worker is killed, for a
//! connection that ends holds nothing.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use common::{program, say};
use multiproc::process::{Builder, Process};
use pymanager::{
    AuthKey, Client, Listener, Manager, RemoteLock, RemoteValue, SharedLock, SharedValue,
};

const WORKERS: u32 = 3;
const STEPS: u32 = 100;

fn main() -> ExitCode {
    program::example("Counts the steps of workers with a lock.", || {
        say!("{WORKERS} workers, {STEPS} steps each");
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.address();
        // Forked first: the manager starts threads.
        let start = |n| {
            Builder::new(format!("worker {n}"))
                .close_in_child(&listener)
                .spawn(move || worker(address))
        };
        let workers = (1..=WORKERS).map(start).collect::<Result<Vec<_>, _>>()?;

        let (steps, lock) = (SharedValue::new(&0)?, SharedLock::new());
        let server = Manager::new(AuthKey::new("abc"))
            .register("get_steps", &steps)
            .register("get_lock", &lock)
            .start(listener)
            .context("cannot start the manager")?;
        workers.iter().try_for_each(Process::join_success)?;
        server.shutdown();

        say!("{} steps are counted", steps.get()?);
        Ok(())
    })
}

// ANCHOR: worker
/// On whatever machine.
fn worker(address: SocketAddr) -> anyhow::Result<()> {
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let steps: RemoteValue<u32> = client.remote("get_steps", &[])?;
    let lock: RemoteLock = client.remote("get_lock", &[])?;
    for _ in 0..STEPS {
        let guard = lock.acquire()?;
        steps.set(&(steps.get()? + 1))?;
        guard.release()?;
    }
    Ok(())
}
// ANCHOR_END: worker
