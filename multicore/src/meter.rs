//! What a run has used.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::{Cores, Error};

/// Measures a run, from its start on.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    who: UsageWho,
    start: Instant,
    before: Duration,
}

impl Meter {
    /// Measures this process, with all its threads.
    ///
    /// # Errors
    ///
    /// Those of getrusage(2), none of which is expected.
    pub fn of_this_process() -> Result<Self, Error> {
        Meter::start(UsageWho::RUSAGE_SELF)
    }

    /// Measures the children that end, and are reaped, before
    /// [`stop`](Self::stop).
    ///
    /// # Errors
    ///
    /// As above.
    pub fn of_children() -> Result<Self, Error> {
        Meter::start(UsageWho::RUSAGE_CHILDREN)
    }

    fn start(who: UsageWho) -> Result<Self, Error> {
        Ok(Meter {
            who,
            start: Instant::now(),
            before: cpu_time(who)?,
        })
    }

    /// The CPU time so far.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn cpu(&self) -> Result<Duration, Error> {
        Ok(cpu_time(self.who)?.saturating_sub(self.before))
    }

    /// The end of the run, of so many threads or processes.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn stop(self, threads: u32) -> Result<Summary, Error> {
        Ok(Summary {
            threads,
            wall: self.start.elapsed(),
            cpu: self.cpu()?,
        })
    }
}

/// What a run has used.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The threads or processes that were busy.
    pub threads: u32,
    /// How long it took.
    pub wall: Duration,
    /// The CPU time of all of them together, in their own code and in the
    /// kernel (getrusage(2)).
    pub cpu: Duration,
}

impl Summary {
    /// The CPU use in cores: 1 is one core, busy all the time.
    pub fn cores_used(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64().max(1e-9)
    }

    /// The lines for a reader; `what` were busy.
    pub fn describe(&self, what: &str, cores: &Cores) -> String {
        let percent = 100.0 * self.cores_used();
        let of_usable = percent / cores.usable();
        format!(
            "{what}: {}\n  wall time  {:.2} s\n  CPU time   {:.2} s\n  \
             CPU use    {percent:.1} % of one core, {of_usable:.1} % of {cores}",
            self.threads,
            self.wall.as_secs_f64(),
            self.cpu.as_secs_f64(),
        )
    }
}

/// The CPU time that `who` has used so far.
fn cpu_time(who: UsageWho) -> nix::Result<Duration> {
    let usage = getrusage(who)?;
    let time = usage.user_time() + usage.system_time();
    // Never negative.
    Ok(Duration::from_micros(
        time.num_microseconds().unsigned_abs(),
    ))
}
