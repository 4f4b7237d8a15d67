//! Busy processes.

use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use multiproc::process::{Builder, Died, Process};
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::{Error, Live, Meter, Summary, be_busy};

/// Processes that are there and wait for their start.
#[derive(Debug)]
pub struct Processes {
    children: Vec<Process>,
    /// Closed to start them.
    go: PipeWriter,
}

/// Forks `count` processes. To be called before this process has threads.
///
/// # Errors
///
/// [`Error::Spawn`]; those that were started are ended.
pub fn start(count: u32) -> Result<Processes, Error> {
    let (ready, go) = pipe()?;
    let fork = |number| {
        Builder::new(format!("busy-{number}"))
            // Ctrl-C reaches them too, but it is the parent that ends them, and
            // counts what they have used.
            .ignore_interrupt()
            .close_in_child(&go)
            .spawn(|| wait_and_be_busy(&ready))
            .map_err(|error| Error::Spawn { number, error })
    };
    let children = (1..=count).map(fork).collect::<Result<_, _>>()?;
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
    ///
    /// # Errors
    ///
    /// [`Error::Died`] as soon as one of them is found to have ended.
    pub fn run(self, live: &Live) -> Result<Summary, Error> {
        let meter = Meter::of_children()?;
        drop(self.go);
        let clocks = self
            .children
            .iter()
            .map(clock)
            .collect::<Result<Vec<_>, _>>()?;
        live.watch("processes", || {
            self.children.iter().try_for_each(check)?;
            clocks.iter().map(read).sum()
        })?;
        self.children.iter().try_for_each(check)?;
        self.children.iter().try_for_each(Process::terminate)?;
        for child in &self.children {
            child.join()?;
        }
        // Complete, now that all of them are reaped.
        meter.stop(self.children.len() as u32)
    }
}

/// They go on until they are told to end: one that has ended died.
fn check(child: &Process) -> Result<(), Error> {
    match child.exit_status()? {
        None => Ok(()),
        Some(status) => {
            let (name, pid) = (child.name().to_string(), child.pid());
            Err(Died { name, pid, status }.into())
        }
    }
}

/// The clock of a process's CPU time (clock_getcpuclockid(3)).
fn clock(child: &Process) -> Result<ClockId, Error> {
    let pid = Pid::from_raw(child.pid().cast_signed());
    Ok(ClockId::pid_cpu_clock_id(pid)?)
}

fn read(clock: &ClockId) -> Result<Duration, Error> {
    Ok(clock.now()?.into())
}
