//! Tasks from Rust, done in Python; and the other way round.
//!
//! <!-- not run: needs nats-py -->
//! ```text
//! $ cargo run -p durable --example python_worker
//! Rust puts 3, 4, 5; a worker in Python:
//! 3 -> 9
//! 4 -> 16
//! 5 -> 25
//! Python puts 6; a worker in Rust:
//! 6 -> 36
//! ```
//!
//! What to notice: a task is JSON with a few headers, and the queue's settings
//! are kept with the queue: neither side knows what the other is written in.
//! Needs python3 with nats-py (or the Python that the variable PYTHON names).
#![forbid(unsafe_code)]

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, ensure};
use common::{program, say};
use durable::Server;
use jetstream_tasks::{Queue, Settings};

const WORKER: &str = "
import sys; sys.path.insert(0, sys.argv[1])
from jetstream_tasks import Queue
queue = Queue.open(sys.argv[2], 'squares')
for _ in range(3):
    task = queue.get(timeout=60)
    task.done(task.value ** 2)
queue.close()
";

const MASTER: &str = "
import sys; sys.path.insert(0, sys.argv[1])
from jetstream_tasks import Queue
queue = Queue.open(sys.argv[2], 'squares')
id = queue.put(6)
print('6 ->', queue.result(id, timeout=60))
queue.close()
";

fn main() -> ExitCode {
    program::example("Shares a queue with Python.", || {
        let server = Server::start()?;
        let queue: Queue<u64> = Queue::open(server.address(), "squares", &Settings::new())?;
        say!("Rust puts 3, 4, 5; a worker in Python:");
        let ids = queue.put_many(&[3, 4, 5])?;
        let ended = python(WORKER, server.address()).status();
        ensure!(
            ended.context("cannot run python3")?.success(),
            "the worker in Python failed: is nats-py installed (pip install nats-py)?"
        );
        for (n, id) in (3..).zip(ids) {
            let square: u64 = queue.result(&id?, Duration::from_secs(60))?;
            say!("{n} -> {square}");
        }
        say!("Python puts 6; a worker in Rust:");
        let mut master = python(MASTER, server.address())
            .spawn()
            .context("cannot run python3")?;
        let task = queue.get(Duration::from_secs(60))?;
        let square = task.value * task.value;
        task.done(&square)?;
        ensure!(master.wait()?.success(), "the master in Python failed");
        Ok(())
    })
}

fn python(source: &str, server: &str) -> Command {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/python");
    let mut command = Command::new(python);
    command.args(["-c", source, folder, server]);
    command
}
