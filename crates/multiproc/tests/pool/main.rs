//! The pool's promises, checked in processes that fork.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod callbacks;
mod deaths;
mod ends;
mod long;
mod map;
mod messages;
mod orphans;
mod results;
mod start;

use std::process;

use common::testing::run_checks_and_ignored;
use nix::sys::signal::{Signal, raise};
use nix::unistd::Pid;

fn main() {
    run_checks_and_ignored(
        &[
            callbacks::CHECKS,
            deaths::CHECKS,
            ends::CHECKS,
            long::CHECKS,
            map::CHECKS,
            messages::CHECKS,
            orphans::CHECKS,
            results::CHECKS,
            start::CHECKS,
        ]
        .concat(),
        &[deaths::IGNORED, orphans::IGNORED].concat(),
    );
}

pub(crate) fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(pid.cast_signed())
}

/// No child is left, running or as a zombie.
pub(crate) fn assert_no_child() {
    assert_eq!(nix::sys::wait::wait(), Err(nix::errno::Errno::ECHILD));
}

/// What a task may do to its worker.
pub(crate) fn suffer(n: u32) -> u32 {
    match n {
        1 => raise(Signal::SIGKILL).unwrap(),
        2 => process::exit(0),
        3 => process::exit(3),
        4 => process::abort(),
        5 => raise(Signal::SIGSEGV).unwrap(),
        6 => raise(Signal::SIGTERM).unwrap(),
        _ => {}
    }
    n
}
