//! A child: its threads, and their way out.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::{complain, timeline};
use multiproc::thread::Builder;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::board::Board;
use super::http;

/// What a child is given at its fork.
pub(super) struct Worker<'a> {
    pub(super) listener: &'a TcpListener,
    pub(super) board: &'a Board,
    pub(super) place: usize,
    pub(super) generation: u32,
    pub(super) threads: u16,
    /// After so many requests it goes.
    pub(super) requests: Option<u32>,
}

/// What the threads of a child share.
#[derive(Default)]
struct State {
    leaving: AtomicBool,
    accepted: AtomicU32,
}

impl Worker<'_> {
    /// Serves until the parent sends `SIGQUIT`, or the limit is reached, and
    /// returns when the requests at hand are answered.
    // ANCHOR: worker
    pub(super) fn run(&self) -> io::Result<()> {
        // For all threads: the main thread alone takes them. A terminal that
        // hangs up is the parent's business.
        let mask = SigSet::from_iter([Signal::SIGQUIT, Signal::SIGHUP]);
        mask.thread_block()?;
        let quit = SigSet::from_iter([Signal::SIGQUIT]);
        let quit = SignalFd::with_flags(&quit, SfdFlags::SFD_CLOEXEC)?;
        let state = State::default();
        // Its end of file says that all threads have ended, well or not.
        let (all_ended, running) = io::pipe()?;
        thread::scope(|scope| {
            for number in 0..self.threads {
                let (running, state) = (running.try_clone()?, &state);
                Builder::new().spawn_scoped(scope, move || {
                    let _running = running;
                    self.serve(usize::from(number), state);
                })?;
            }
            drop(running);
            loop {
                let mut fds = [
                    PollFd::new(all_ended.as_fd(), PollFlags::POLLIN),
                    PollFd::new(quit.as_fd(), PollFlags::POLLIN),
                ];
                match poll(&mut fds, PollTimeout::NONE) {
                    Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                    Err(error) => return Err(error.into()),
                }
                if fds[0].any() == Some(true) {
                    return Ok(());
                }
                if fds[1].any() == Some(true) {
                    quit.read_signal()?;
                    state.leaving.store(true, Ordering::SeqCst);
                }
            }
        })
    }

    fn serve(&self, thread: usize, state: &State) {
        loop {
            self.board.sign(self.place, thread);
            if state.leaving.load(Ordering::SeqCst) && !self.somebody_waits() {
                return;
            }
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                // Nobody came in this turn, or went again.
                Err(error) if is_passing(&error) => continue,
                Err(error) => {
                    // No descriptor is left, for one: some may come back.
                    complain!("mixed: process {}: accept: {error}", std::process::id());
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            self.board.sign(self.place, thread);
            timeline::mark(format_args!("has a connection"));
            let accepted = state.accepted.fetch_add(1, Ordering::SeqCst) + 1;
            if self.requests.is_some_and(|most| accepted >= most) {
                state.leaving.store(true, Ordering::SeqCst);
            }
            // What is wrong with one connection is its client's affair.
            let _ = http::answer(&stream, self.generation);
        }
    }
    // ANCHOR_END: worker

    /// At the end of the server there is nobody after us: whoever has connected
    /// is served. Otherwise the others do that.
    fn somebody_waits(&self) -> bool {
        let mut fds = [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        self.board.is_ending() && poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::ConnectionAborted | ErrorKind::Interrupted
    )
}
