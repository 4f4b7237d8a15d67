//! Stepping a child.

use std::fs;
use std::thread;

use multiproc::process::Process;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// Which steps to stop at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Steps {
    /// Some thirty, spread at random.
    Some,
    All,
}

/// A child that does one thing, step by step.
pub(crate) struct Stepped {
    child: Process,
    /// Whether it has done it.
    pub(crate) done: bool,
}

impl Stepped {
    /// A child about to call `act`.
    pub(crate) fn start(act: impl FnOnce()) -> Self {
        let child = Process::spawn("stepped", || {
            ptrace::traceme().unwrap();
            raise(Signal::SIGSTOP).unwrap();
            act();
            raise(Signal::SIGSTOP).unwrap();
        })
        .unwrap();
        let mut stepped = Stepped { child, done: false };
        stepped.expect(Signal::SIGSTOP);
        stepped
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.pid().cast_signed())
    }

    fn expect(&mut self, expected: Signal) {
        match waitpid(self.pid(), None).unwrap() {
            WaitStatus::Stopped(_, signal) if signal == expected => {}
            // The one at the end.
            WaitStatus::Stopped(_, Signal::SIGSTOP) => self.done = true,
            other => panic!("the child: {other:?}"),
        }
    }

    /// Goes on by `steps` instructions, or to the end of `act`.
    pub(crate) fn step(&mut self, steps: usize) {
        for _ in 0..steps {
            if self.done {
                return;
            }
            ptrace::step(self.pid(), None).unwrap();
            self.expect(Signal::SIGTRAP);
        }
    }

    /// Goes on until it sleeps in a system call, and stops it there.
    pub(crate) fn run_until_asleep(&mut self) {
        ptrace::cont(self.pid(), None).unwrap();
        let stat = format!("/proc/{}/stat", self.child.pid());
        while !fs::read_to_string(&stat).unwrap().contains(") S") {
            thread::yield_now();
        }
        kill(self.pid(), Signal::SIGSTOP).unwrap();
        self.expect(Signal::SIGSTOP);
    }

    /// Goes on to the end of `act`, if it is not there.
    pub(crate) fn finish(mut self) {
        if !self.done {
            ptrace::cont(self.pid(), None).unwrap();
            self.expect(Signal::SIGCHLD);
        }
        self.kill();
    }

    pub(crate) fn kill(self) {
        self.child.kill().unwrap();
        self.child.join().unwrap();
    }
}

/// Calls `at` with the number of each step in turn, until it says that there
/// are no more.
pub(crate) fn at_each_step(steps: Steps, mut at: impl FnMut(usize) -> bool) {
    let mut number = 0;
    while at(number) {
        number += match steps {
            // Unoptimised there are five times as many, and their squares add
            // up. (Stepping for minutes keeps even the kernel's own threads
            // from running.)
            Steps::All if cfg!(debug_assertions) => fastrand::usize(1..=80 + number / 50),
            Steps::All => 1,
            // Denser where it starts, since an act is of unknown length.
            Steps::Some => fastrand::usize(1..=1 + number / 2),
        };
    }
}

/// `$name` for some of the steps and for all, as checks.
#[macro_export]
macro_rules! at_steps {
    ($($check:ident),* $(,)?) => {
        pub(crate) const SOME: &[common::testing::Check] = &[
            $((stringify!($check), || $check($crate::stepped::Steps::Some))),*
        ];
        pub(crate) const ALL: &[common::testing::Check] = &[
            $((concat!(stringify!($check), "_at_every_step"), || $check($crate::stepped::Steps::All))),*
        ];
    };
}
