//! One task makes many, and somebody waits for all of them.
//!
//! ```text
//! $ cargo run -p durable --example fan_out
//! 1 task: count the primes below 10000
//! 10 tasks, done by 3 workers
//! 1229 primes
//! ```
//!
//! What to notice: the task that divides the work puts the parts *before* it is
//! done itself, under ids of its own making. Should its worker die in between,
//! the next one puts them again, and nothing is counted twice.
#![forbid(unsafe_code)]

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use common::{program, say};
use durable::Server;
use jetstream_tasks::{Error, Put, Queue, Settings};
use multiproc::process::Process;

const BELOW: u32 = 10_000;
const PARTS: u32 = 10;

fn main() -> ExitCode {
    program::example("Counts primes: one task makes ten.", || {
        let server = Server::start()?;
        let workers = [(); 3].map(|()| Process::spawn("worker", || worker(server.address())));
        say!("1 task: count the primes below {BELOW}");
        let queue = open(server.address())?;
        queue.put(&(0..BELOW))?;
        for worker in workers {
            worker?.join_success()?;
        }
        queue.join(None)?;
        let parts = (0..PARTS).map(|part| queue.result::<u32>(&part_id(part), None));
        let counts = parts.collect::<Result<Vec<_>, _>>()?;
        say!("{} tasks, done by 3 workers", counts.len());
        say!("{} primes", counts.iter().sum::<u32>());
        Ok(())
    })
}

fn open(server: &str) -> Result<Queue<Range<u32>>, Error> {
    Queue::open(server, "primes", &Settings::new())
}

fn part_id(part: u32) -> String {
    format!("part-{part}")
}

fn worker(server: &str) -> Result<(), Error> {
    let queue = open(server)?;
    let mut begun = false;
    while !begun || queue.len()? > 0 {
        let task = match queue.get(Duration::from_millis(200)) {
            Ok(task) => task,
            Err(Error::Empty) => {
                begun = begun || queue.stats()?.done > 0;
                continue;
            }
            Err(error) => return Err(error),
        };
        let range = task.value.clone();
        if range.len() as u32 == BELOW {
            let size = BELOW / PARTS;
            for part in 0..PARTS {
                let range = part * size..(part + 1) * size;
                queue.put_with(&range, &Put::new().id(part_id(part)))?;
            }
            task.done(&())?;
        } else {
            task.done(&range.filter(|n| is_prime(*n)).count())?;
        }
    }
    Ok(())
}

fn is_prime(n: u32) -> bool {
    n > 1
        && (2..n)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
}
