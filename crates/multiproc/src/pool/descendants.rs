//! Processes that tasks started and left behind. Their parents are dead, so the
//! helper, which is their subreaper (prctl(2)), is now their parent.

use std::fs;
use std::os::fd::AsFd;
use std::str::SplitAsciiWhitespace;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use crate::deadline::Deadline;
use crate::process::wait_readable;

/// How long to wait for them. Not for ever: this process may not kill one that
/// runs as another user.
const PATIENCE: Duration = Duration::from_secs(2);

/// Kills and reaps all children of this process, and then their children, which
/// it inherits.
pub(crate) fn end_all() {
    let until = Deadline::after(PATIENCE);
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG;
    while !until.is_past() {
        match waitid(Id::All, flags) {
            Ok(WaitStatus::StillAlive) => {
                let children = children();
                for child in &children {
                    let _ = kill(*child, Signal::SIGKILL);
                }
                children.iter().for_each(|child| wait(*child, until));
            }
            Err(Errno::ECHILD) => return,
            // One was reaped.
            _ => {}
        }
    }
}

/// Waits for the end of a child, without reaping it.
fn wait(child: Pid, until: Deadline) {
    // The pid is the child's until it is reaped, which nobody else does.
    if let Some(child) = rustix::process::Pid::from_raw(child.as_raw())
        && let Ok(pidfd) = pidfd_open(child, PidfdFlags::empty())
    {
        let _ = wait_readable(pidfd.as_fd(), until);
    }
}

/// The children of this process, as `/proc` lists them.
fn children() -> Vec<Pid> {
    // `/proc` may have been mounted in another PID namespace, and then it shows
    // the pids of that one.
    let (Ok(own), Ok(entries)) = (
        fs::read_to_string("/proc/self/status"),
        fs::read_dir("/proc"),
    ) else {
        return Vec::new();
    };
    let Some(mut this) = numbers(&own, "NSpid:") else {
        return Vec::new();
    };
    let deeper = this.clone().count().saturating_sub(1);
    let this = this.next();
    entries
        .filter_map(|entry| {
            let status = fs::read_to_string(entry.ok()?.path().join("status")).ok()?;
            let mut parent = numbers(&status, "PPid:")?;
            // `NSpid` lists its pid in each namespace, from that of `/proc` down.
            let number = numbers(&status, "NSpid:")?.nth(deeper)?;
            (parent.next() == this).then(|| number.parse().ok().map(Pid::from_raw))?
        })
        .collect()
}

/// The fields of one line of `/proc/PID/status`.
fn numbers<'a>(status: &'a str, name: &str) -> Option<SplitAsciiWhitespace<'a>> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_ascii_whitespace())
}
