//! Three servers that replicate to each other; the leader is killed at work.
//!
//! ```text
//! $ cargo run -p durable --example three_nodes
//! three servers, each with a copy of everything
//! 30 tasks are put, and a worker is at it
//! the leader is killed
//! 30 more are put
//! put 60, done 60, dead letters 0, waiting 0
//! every task has one result
//! ```
//!
//! What to notice: nobody is told where the leader is, before or after. Two of
//! three are enough; what a put or a `done` has returned from is on two of them
//! at least.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use common::{program, say};
use jetstream_tasks::{Error, Queue, Settings};
use multiproc::process::Process;

fn main() -> ExitCode {
    program::example("Kills the leader of three servers.", || {
        let servers = durable::cluster()?;
        let addresses: Vec<_> = servers.iter().map(|(_, s)| s.address()).collect();
        let addresses = addresses.join(",");
        let worker = Process::spawn("worker", || worker(&addresses))?;
        let queue = open(&addresses)?;
        say!("three servers, each with a copy of everything");

        let mut ids = Vec::new();
        for n in 0..30 {
            ids.push(queue.put(&n)?);
        }
        say!("30 tasks are put, and a worker is at it");
        let leader = queue.leader()?;
        let (_, server) = servers
            .iter()
            .find(|(name, _)| *name == leader)
            .context("no leader")?;
        server.kill()?;
        say!("the leader is killed");
        for n in 30..60 {
            ids.push(queue.put(&n)?);
        }
        say!("30 more are put");

        for (n, id) in (0..).zip(&ids) {
            let square: u64 = queue.result(id, Duration::from_secs(60))?;
            ensure!(square == n * n, "{n} * {n} is not {square}");
        }
        queue.join(Duration::from_secs(60))?;
        let stats = queue.stats()?;
        let (done, dead, waiting) = (stats.done, stats.dead, stats.waiting);
        say!("put 60, done {done}, dead letters {dead}, waiting {waiting}");
        say!("every task has one result");
        worker.kill()?;
        Ok(())
    })
}

/// As soon as the three have found each other and chosen a leader.
fn open(addresses: &str) -> Result<Queue<u64>, Error> {
    let settings = Settings::new().replicas(3).ack_wait(Duration::from_secs(2));
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match Queue::open(addresses, "squares", &settings) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(100)),
            outcome => return outcome,
        }
    }
}

fn worker(addresses: &str) -> Result<(), Error> {
    let queue = open(addresses)?;
    loop {
        let task = queue.get(None)?;
        let square = task.value * task.value;
        match task.done(&square) {
            // Recorded before the leader died, and handed out once more.
            Ok(()) | Err(Error::LeaseLost(_) | Error::AlreadyDone(_)) => {}
            Err(error) => return Err(error),
        }
    }
}
