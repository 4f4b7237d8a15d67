//! Which of a program's processes are still there, according to `/proc`.

use std::fs;

use rustix::process::Pid;

/// The environment variable that marks a program under test and whatever it
/// starts.
pub(super) const MARK: &str = "COMMON_TESTING_RUN";

/// Living processes of the group or with the mark, and zombies of the group.
/// `since` is when the group's first process began.
pub(super) fn survivors(group: Pid, mark: &str, since: u64) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let marked = format!("{MARK}={mark}").into_bytes();
    let group = group.as_raw_nonzero().get().to_string();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let fields = stat(*pid);
            // A zombie has no environment to read. If it is not in the group, it
            // belongs to another run. An older process has no such mark, and
            // reading all environments in turn takes long.
            fields.get(2) == Some(&group)
                || began(&fields) >= since
                    && fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
                        environ.split(|byte| *byte == 0).any(|one| one == marked)
                    })
        })
        .collect()
}

/// When the process `pid` began, in the kernel's ticks (`starttime` in proc(5)).
pub(super) fn start_of(pid: u32) -> u64 {
    began(&stat(pid))
}

/// Zero if it is gone.
fn began(fields: &[String]) -> u64 {
    let ticks = fields.get(19).and_then(|field| field.parse().ok());
    ticks.unwrap_or(0)
}

/// The fields of `/proc/PID/stat` from the third, the state, on.
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().map(str::to_string).collect()
}

pub(super) fn describe(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let state = stat(pid).into_iter().next().unwrap_or_default();
    format!("{pid} ({}, {state})", name.trim_end())
}
