//! What a process has used, as the kernel counts it: for the examples that
//! compare.

use std::fs;
use std::io;

/// The most memory that process `pid` has had at once, in KiB (`VmHWM` in
/// `/proc/PID/status`, proc_pid_status(5)).
///
/// # Errors
///
/// When there is no such process, or no `/proc`.
pub fn peak_memory_kib(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other("no VmHWM in /proc: the process has ended"))
}

/// The CPU time of process `pid`, of all its threads, those that have ended
/// too, in seconds (`utime` and `stime` in `/proc/PID/stat`, in hundredths).
///
/// # Errors
///
/// When there is no such process, or no `/proc`.
pub fn cpu_seconds(pid: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold anything.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    let hertz = rustix::param::clock_ticks_per_second();
    Ok(ticks as f64 / hertz as f64)
}

/// How often process `pid` went to sleep (`voluntary_ctxt_switches` in
/// `/proc/PID/status`): once for each wake-up, in vain or not.
///
/// # Errors
///
/// When there is no such process, or no `/proc`.
pub fn sleeps(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|line| line.trim().parse().ok())
        .ok_or_else(|| io::Error::other("no voluntary_ctxt_switches in /proc"))
}
