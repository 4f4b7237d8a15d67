//! Ctrl-Z while a program is being started.

use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

use common::testing::{Check, checks, until};
use multiproc::process::Process;
use multiproc::subprocess::{Command, call, communicate_timeout};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setpgid};

pub(crate) const CHECKS: &[Check] = checks![
    a_caller_is_stopped_while_it_starts_a_program,
    a_program_stops_with_its_caller,
];

/// So many that don't hold the program take a while to look through.
fn slow_to_find(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", "/none:".repeat(3_000) + "/usr/bin:/bin");
    command
}

/// In a process group of its own, as a shell starts it.
fn caller(body: impl Fn()) -> (Process, Pid) {
    let (mut begun, begin) = std::io::pipe().unwrap();
    let caller = Process::spawn("caller", || {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
        (&begin).write_all(b"!").unwrap();
        body();
    });
    let caller = caller.unwrap();
    begun.read_exact(&mut [0]).unwrap();
    let group = Pid::from_raw(caller.pid().cast_signed());
    (caller, group)
}

/// What a shell waits for.
fn until_stopped(pid: Pid) {
    let how = WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG;
    until("the caller is stopped", || {
        let status = waitpid(pid, Some(how)).unwrap();
        matches!(status, WaitStatus::Stopped(_, Signal::SIGTSTP))
    });
}

fn a_caller_is_stopped_while_it_starts_a_program() {
    for round in 0..40 {
        let (caller, group) = caller(|| {
            loop {
                // The second is in a group of its own, which the terminal leaves
                // alone.
                match round % 2 {
                    0 => drop(call(&mut slow_to_find("true"))),
                    _ => {
                        let timeout = Duration::from_secs(60);
                        drop(communicate_timeout(&mut slow_to_find("true"), b"", timeout));
                    }
                }
            }
        });
        for _ in 0..round * 500 {
            std::hint::black_box(group);
        }
        for _ in 0..2 {
            killpg(group, Signal::SIGTSTP).unwrap();
            until_stopped(group);
            killpg(group, Signal::SIGCONT).unwrap();
        }
        caller.kill().unwrap();
        caller.join().unwrap();
    }
}

/// One that stops before its program runs has the program stop, too.
fn a_program_stops_with_its_caller() {
    for _ in 0..20 {
        let (caller, group) = caller(|| drop(call(slow_to_find("sleep").arg("1000"))));
        let children = format!("/proc/{group}/task/{group}/children");
        let child = || {
            let children = fs::read_to_string(&children).unwrap_or_default();
            children.split_whitespace().next().map(str::to_string)
        };
        until("there is a child", || child().is_some());
        let stat = format!("/proc/{}/stat", child().unwrap());
        killpg(group, Signal::SIGTSTP).unwrap();
        until_stopped(group);
        until("the program is stopped", || {
            let stat = fs::read_to_string(&stat).unwrap();
            stat.contains("(sleep) T ")
        });
        caller.kill().unwrap();
        caller.join().unwrap();
    }
}
