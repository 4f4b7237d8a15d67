//! The cores of this machine, and those that this process may use.

use std::fmt;
use std::fs;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::Error;

/// The machine's cores, and this process's share of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Cores {
    machine: u32,
    /// Those that the affinity mask allows (sched_getaffinity(2)).
    allowed: u32,
    /// The CPU time that the cgroup allows, in cores (`cpu.max`, cgroups(7)).
    quota: Option<f64>,
}

impl Cores {
    /// Asks the system.
    ///
    /// # Errors
    ///
    /// Those of sched_getaffinity(2), none of which is expected.
    pub fn of_this_process() -> Result<Self, Error> {
        let machine = sysconf(SysconfVar::_NPROCESSORS_ONLN)?.unwrap_or(1);
        let mask = sched_getaffinity(Pid::from_raw(0))?;
        let allowed = (0..CpuSet::count()).filter(|cpu| mask.is_set(*cpu).unwrap_or(false));
        let allowed = (allowed.count() as u32).max(1);
        // num_cpus knows the affinity and both versions of cgroups, but rounds
        // a quota up to whole cores.
        let rounded = num_cpus::get() as u32;
        let quota = exact_quota().or((rounded < allowed).then_some(f64::from(rounded)));
        Ok(Cores {
            machine: u32::try_from(machine).unwrap_or(1).max(allowed),
            allowed,
            quota: quota.filter(|quota| *quota < f64::from(allowed)),
        })
    }

    /// The number of threads that can be busy at once.
    pub fn count(&self) -> u32 {
        // Part of a core keeps a thread busy as well.
        self.usable().ceil().max(1.0) as u32
    }

    /// The cores that this process may use: a quota may be a fraction.
    pub fn usable(&self) -> f64 {
        self.quota.unwrap_or(f64::from(self.allowed))
    }
}

/// `the 2 cores of this machine`, or what limits this process.
impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (usable, machine) = (self.usable(), self.machine);
        let s = |number: f64| if number == 1.0 { "" } else { "s" };
        let limit = match self.quota {
            Some(_) => "cgroup quota",
            None if self.allowed < machine => "CPU affinity",
            None => return write!(f, "the {machine} core{} of this machine", s(machine.into())),
        };
        write!(
            f,
            "the {usable} core{} that this process may use ({limit}; the machine has {machine})",
            s(usable)
        )
    }
}

/// The smallest quota of this process's cgroup (version 2) and those above it.
fn exact_quota() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mut quotas = Vec::new();
    let mut path = Some(std::path::Path::new(own));
    while let Some(group) = path {
        let file = std::path::Path::new("/sys/fs/cgroup")
            .join(group)
            .join("cpu.max");
        // The topmost has none, and one in a container may not be visible.
        quotas.extend(fs::read_to_string(file).ok().and_then(|text| quota(&text)));
        path = group.parent();
    }
    quotas.into_iter().min_by(f64::total_cmp)
}

/// Reads `cpu.max`: microseconds of CPU time allowed in each period, and the
/// period; `max` is no limit.
fn quota(text: &str) -> Option<f64> {
    let (allowed, period) = text.trim().split_once(' ')?;
    let (allowed, period): (f64, f64) = (allowed.parse().ok()?, period.parse().ok()?);
    (allowed > 0.0 && period > 0.0).then_some(allowed / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_number_of_cores() {
        assert_eq!(quota("150000 100000\n"), Some(1.5));
        assert_eq!(quota("max 100000\n"), None);
        assert_eq!(quota("0 0"), None);
        assert_eq!(quota(""), None);
    }

    #[test]
    fn a_limit_is_named() {
        let cores = |machine, allowed, quota| Cores {
            machine,
            allowed,
            quota,
        };
        assert_eq!(cores(4, 4, None).to_string(), "the 4 cores of this machine");
        assert_eq!(cores(1, 1, None).to_string(), "the 1 core of this machine");
        let limited = cores(8, 1, None);
        assert_eq!(
            limited.to_string(),
            "the 1 core that this process may use (CPU affinity; the machine has 8)"
        );
        let limited = cores(8, 4, Some(1.5));
        assert_eq!(
            limited.to_string(),
            "the 1.5 cores that this process may use (cgroup quota; the machine has 8)"
        );
        assert_eq!((limited.count(), limited.usable()), (2, 1.5));
    }

    #[test]
    fn this_process_has_a_core() {
        let cores = Cores::of_this_process().unwrap();
        assert!(cores.count() >= 1 && cores.usable() > 0.0);
        assert!(f64::from(cores.machine) >= cores.usable());
    }
}
