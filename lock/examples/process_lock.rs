//! A lock between processes: lines that stay together, a counter that is
//! right, and an owner that is killed.
//!
//! <!-- any order -->
//! ```text
//! $ cargo run -q -p lock --example process_lock
//! process 0, line 1 of 2
//! process 0, line 2 of 2
//! process 2, line 1 of 2
//! process 2, line 2 of 2
//! process 1, line 1 of 2
//! process 1, line 2 of 2
//! the counter is 3000 of 3000
//! process 'owner' (4716) was killed by SIGKILL
//! the lock is mine; its owner died and left 1 of 2 written
//! the lock is as good as new
//! ```
//!
//! Python: `multiprocessing.Lock` and `Value`. What to notice: Python's lock
//! stays taken when its owner is killed, and everybody else hangs for ever.
//! This one lives in shared memory and is known to the kernel, which hands it
//! on and says why. The processes may come in any order.
#![forbid(unsafe_code)]

use std::io::{self, Read, Write, pipe};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use common::{program, say};
use multiproc::process::{Died, Process};
use multiproc::shared::{Mutex, OwnerDied, Shared};

const PROCESSES: u64 = 3;
const ROUNDS: u64 = 1_000;
/// Far longer than it takes: a hang would be an error instead.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    program::example(
        "Shares a lock between processes, one of which is killed",
        || {
            let counter = Shared::new(Mutex::new(0_u64))?;
            let children = (0..PROCESSES)
                .map(|number| Process::spawn(format!("child-{number}"), || work(number, &counter)));
            // All of them are started before the first is waited for.
            let children = children.collect::<Result<Vec<_>, _>>()?;
            children.iter().try_for_each(Process::join_success)?;
            let count = *counter.lock().unwrap_or_else(OwnerDied::into_inner);
            say!("the counter is {count} of {}", PROCESSES * ROUNDS);
            kill_the_owner()
        },
    )
}

fn work(number: u64, counter: &Mutex<u64>) {
    {
        let _held = counter.lock().unwrap_or_else(OwnerDied::into_inner);
        for line in 1..=2 {
            say!("process {number}, line {line} of 2");
        }
    }
    for _ in 0..ROUNDS {
        *counter.lock().unwrap_or_else(OwnerDied::into_inner) += 1;
    }
}

fn kill_the_owner() -> anyhow::Result<()> {
    let halves = Shared::new(Mutex::new((0_u64, 0_u64)))?;
    let (mut taken, mut tell) = pipe()?;
    let lock = &halves;
    let owner = Process::spawn("owner", move || -> io::Result<()> {
        let mut halves = lock.lock().unwrap_or_else(OwnerDied::into_inner);
        halves.0 = 1;
        tell.write_all(b"!")?;
        // The second half is never written.
        loop {
            thread::park();
        }
    })?;
    taken
        .read_exact(&mut [0])
        .context("the owner did not start")?;
    owner.kill()?;
    let (name, pid) = (owner.name().to_string(), owner.pid());
    let status = owner.join()?;
    say!("{}", Died { name, pid, status });

    match halves.lock_timeout(PATIENCE).context("the lock is lost")? {
        Ok(_) => bail!("the lock does not say that its owner died"),
        Err(died) => {
            let mut halves = died.into_inner();
            let written = halves.0 + halves.1;
            say!("the lock is mine; its owner died and left {written} of 2 written");
            *halves = (1, 1);
        }
    }
    drop(halves.lock().map_err(|_| anyhow!("the lock stays dirty"))?);
    say!("the lock is as good as new");
    Ok(())
}
