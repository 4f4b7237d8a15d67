//! The server that stays, under load: the numbers of requests that were sent,
//! answered and broken add up.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod ends;
mod faults;
mod load;
mod replaced;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::testing::{Program, Running};
use mixed::client;
use rustix::process::{Pid, Signal, kill_process};

/// For what must happen.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Two processes with three threads each.
    pub(crate) fn start(args: &[&str]) -> Server {
        Server::of(2, args)
    }

    pub(crate) fn of(processes: u16, args: &[&str]) -> Server {
        let mut running = Program::new(env!("CARGO_BIN_EXE_mixed"))
            .args(["--processes", &processes.to_string()])
            .args(["serve", "--address", "127.0.0.1:0"])
            .args(args)
            .deadline(2 * LONG)
            .start();
        let first = running.next_line();
        let address = first.split('/').nth(2).unwrap().parse().unwrap();
        Server { running, address }
    }

    /// The process that answers a request.
    pub(crate) fn somebody(&self) -> u32 {
        let answer = client::get(self.address, "/").unwrap();
        pid_in(&answer)
    }

    /// Waits until the server's children are as `wanted` has them.
    pub(crate) fn until(&self, wanted: impl Fn(&[u32]) -> bool) {
        wait_until(|| wanted(&self.running.descendants()));
    }
}

pub(crate) fn pid_in(answer: &str) -> u32 {
    let pid = answer.strip_prefix("process ").unwrap();
    pid.split(',').next().unwrap().parse().unwrap()
}

pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let until = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < until, "it never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}
