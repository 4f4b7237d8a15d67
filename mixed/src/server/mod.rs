//! A server of several processes with several threads in each.
//!
//! The parent binds, forks, and watches; it never has a second thread, so it
//! may fork at any time. Each child starts its threads after the fork, and all
//! threads of all children block in `accept` on the one listener that they have
//! inherited: the kernel queues them and hands each connection to the one that
//! has waited longest. There is no lock between processes: nobody can die with
//! it. A connection that nobody has accepted yet belongs to no process, and
//! survives the death of any.
//!
//! | signal | what the parent does |
//! | --- | --- |
//! | `SIGTERM`, `SIGINT` | ends all children at once, and itself (143, 130) |
//! | `SIGQUIT` | lets all requests come to their ends, up to a deadline |
//! | `SIGHUP` | starts new children, and lets the old ones go once those serve |
//! | `SIGTTIN`, `SIGTTOU` | one process more, one less |
//!
//! | file | what it is |
//! | --- | --- |
//! | `mod.rs` | the parent's loop: signals, children that end |
//! | `children.rs` | who is there, who is to go, who is to come |
//! | `worker.rs` | a child: its threads, and their way out |
//! | `board.rs` | the memory through which children show that they live |
//! | `http.rs` | a request and its answer |

mod board;
mod children;
mod http;
mod worker;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::Context;
use common::program::Exit;
use common::say;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use board::Board;
use children::Children;
pub use http::{Held, WORK, compute};

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many processes at first.
    pub processes: u16,
    /// How many threads in each.
    pub threads: u16,
    /// A process gives way to a fresh one after about so many requests: up to a
    /// tenth more, by chance, so that they do not all go at once.
    pub requests: Option<u32>,
    /// How long the requests of a process that is to go may take to end.
    pub grace: Duration,
    /// A process that has a thread without a sign of life for so long is
    /// replaced. A request may not take longer.
    pub hang: Duration,
    /// Say on standard output what becomes of the processes.
    pub say: bool,
    /// Children crash when they start: to see what the parent does then.
    pub crash: bool,
}

impl Settings {
    /// A silent server of so many processes and threads.
    pub fn of(processes: u16, threads: u16) -> Settings {
        Settings {
            processes,
            threads,
            requests: None,
            grace: Duration::from_secs(10),
            hang: Duration::from_secs(30),
            say: false,
            crash: false,
        }
    }
}

/// How often the parent looks at the children's signs of life.
const LOOK: Duration = Duration::from_millis(100);

/// How often a thread that nobody connects to looks whether it is to go.
pub(crate) const TURN: Duration = Duration::from_millis(200);

/// Serves until a signal ends it, and gives the signal that did: after
/// `SIGQUIT` all has ended well.
///
/// # Errors
///
/// When the system refuses shared memory, or to wait. Refused processes are
/// tried again.
// ANCHOR: serve
pub fn serve(listener: &TcpListener, settings: &Settings) -> io::Result<Signal> {
    // All in this project that forks refuses to where there are threads; here
    // there never are any.
    let signals = hold_back_signals()?;
    // `accept` returns now and then, so that a thread can go. On the socket,
    // and so for all who share it.
    set_socket_timeout(listener, Timeout::Recv, Some(TURN))?;
    let board = Board::new(settings.threads)?;
    let mut children = Children::new(listener, settings, &board);
    loop {
        children.look();
        if children.all_gone() {
            return Ok(Signal::SIGQUIT);
        }
        wait(&signals, &children)?;
        while let Some(info) = signals.read_signal()? {
            match Signal::try_from(info.ssi_signo.cast_signed())? {
                Signal::SIGQUIT => children.end(),
                Signal::SIGHUP => children.renew(),
                Signal::SIGTTIN => children.want_more(),
                Signal::SIGTTOU => children.want_less(),
                // Dropping the children ends and reaps them.
                signal => return Ok(signal),
            }
        }
    }
}
// ANCHOR_END: serve

/// Serves at `address`, says so, and ends the program as it was told to end.
///
/// # Errors
///
/// When it cannot listen, as [`serve`], and with the status of the signal that
/// ended it, but for `SIGQUIT`.
pub fn stay(address: SocketAddr, settings: &Settings) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
    let (processes, threads) = (settings.processes, settings.threads);
    let address = listener.local_addr()?;
    say!("Serving http://{address}/ with {processes} processes of {threads} threads each.");
    match serve(&listener, settings)? {
        Signal::SIGQUIT => Ok(()),
        signal => Err(Exit::new(128 + u8::try_from(signal as i32)?, "").into()),
    }
}

fn hold_back_signals() -> io::Result<SignalFd> {
    let mask: SigSet = [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGHUP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
    ]
    .into_iter()
    .collect();
    mask.thread_block()?;
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    Ok(SignalFd::with_flags(&mask, flags)?)
}

/// Waits for a signal, a child's end, or the time to look again.
fn wait(signals: &SignalFd, children: &Children<'_>) -> io::Result<()> {
    let mut fds = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    let pidfds = children.processes();
    fds.extend(pidfds.map(|child| PollFd::new(child.as_fd(), PollFlags::POLLIN)));
    let time = PollTimeout::try_from(LOOK).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, time) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
