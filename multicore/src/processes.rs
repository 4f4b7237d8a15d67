//! Busy processes.

use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use multiproc::process::{Builder, Died, Process};
use nix::sys::resource::UsageWho;
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::summary::cpu_time;
use crate::threads::be_busy;
use crate::{Live, Summary};

/// Processes that are there and wait for their start.
#[derive(Debug)]
pub struct Processes {
    children: Vec<Process>,
    /// Closed to start them.
    go: PipeWriter,
}

/// Forks `count` processes. To be called before this process has threads.
pub fn start(count: u32) -> Result<Processes> {
    let (ready, go) = pipe()?;
    let fork = |number| {
        Builder::new(format!("busy-{number}"))
            // Ctrl-C reaches them too, but it is the parent that ends them, and
            // counts what they have used.
            .ignore_interrupt()
            .close_in_child(&go)
            .spawn(|| wait_and_be_busy(&ready))
            .with_context(|| format!("cannot start process {number}"))
    };
    let children = (1..=count).map(fork).collect::<Result<_>>()?;
    Ok(Processes { children, go })
}

fn wait_and_be_busy(mut ready: &PipeReader) -> std::io::Result<()> {
    // Nobody writes: this returns when the other end is closed.
    ready.read_to_end(&mut Vec::new())?;
    be_busy(&AtomicBool::new(false));
    Ok(())
}

impl Processes {
    /// Lets them be busy until `live` says that it is time, and ends them.
    pub fn run(self, live: &Live) -> Result<Summary> {
        let before = cpu_time(UsageWho::RUSAGE_CHILDREN)?;
        let start = Instant::now();
        drop(self.go);
        let clocks = self
            .children
            .iter()
            .map(clock)
            .collect::<Result<Vec<_>>>()?;
        live.watch("processes", || clocks.iter().map(read).sum())?;
        for child in &self.children {
            if let Some(status) = child.exit_status()? {
                let (name, pid) = (child.name().to_string(), child.pid());
                return Err(Died { name, pid, status }.into());
            }
            child.terminate()?;
        }
        for child in &self.children {
            child.join()?;
        }
        // Complete, now that all of them are reaped.
        Ok(Summary {
            threads: u32::try_from(self.children.len())?,
            wall: start.elapsed(),
            cpu: cpu_time(UsageWho::RUSAGE_CHILDREN)?.saturating_sub(before),
        })
    }
}

/// The clock of a process's CPU time (clock_getcpuclockid(3)).
fn clock(child: &Process) -> Result<ClockId> {
    let pid = Pid::from_raw(child.pid().try_into()?);
    Ok(ClockId::pid_cpu_clock_id(pid)?)
}

fn read(clock: &ClockId) -> Result<Duration> {
    Ok(clock.now()?.into())
}
