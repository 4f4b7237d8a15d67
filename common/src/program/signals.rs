//! The signals that ask a program to end, for programs that must clean up first.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use multiproc::thread::Thread;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::Exit;

/// Ctrl-C (`SIGINT`), `kill` (`SIGTERM`) or a terminal that closes (`SIGHUP`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopSignal(u8);

impl StopSignal {
    /// The status of a program that this signal has ended, as shells tell it:
    /// 130, 143 or 129.
    pub fn status(self) -> u8 {
        128 + self.0
    }

    /// The end of the program, with that status; an empty `message` says
    /// nothing.
    pub fn exit(self, message: impl Into<String>) -> Exit {
        Exit::new(self.status(), message)
    }
}

/// Catches the first of these signals. The second has its default effect: whoever
/// insists ends the program at once.
///
/// A signal that was ignored when this program started (`nohup`) stays ignored.
/// Programs and processes that it starts are not affected: a handler does not
/// outlive an `exec`, and [`Process`](multiproc::process::Process) resets it.
///
/// Its descriptor becomes readable when a signal has come, for `poll`.
#[derive(Debug)]
pub struct StopSignals {
    /// Gets a byte at each signal.
    reader: UnixStream,
    /// The number of the signal that came; 0 before.
    came: Arc<AtomicUsize>,
}

impl StopSignals {
    /// Catches them from now on.
    ///
    /// # Errors
    ///
    /// `EMFILE` if no descriptor is left.
    pub fn catch() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        let came = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        let ignored = ignored();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored & (1 << (signal - 1)) != 0 {
                continue;
            }
            // They run in this order: the first signal sets the flag at which the
            // next one takes its default action.
            flag::register_conditional_default(signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&came), signal.unsigned_abs() as usize)?;
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(StopSignals { reader, came })
    }

    /// Waits for a signal.
    ///
    /// # Errors
    ///
    /// Those of read(2), none of which is expected.
    pub fn wait(&self) -> io::Result<StopSignal> {
        loop {
            if let Some(signal) = self.came() {
                return Ok(signal);
            }
            (&self.reader).read_exact(&mut [0])?;
        }
    }

    /// The signal that came, if any has.
    pub fn came(&self) -> Option<StopSignal> {
        match u8::try_from(self.came.load(Ordering::SeqCst)) {
            Ok(0) | Err(_) => None,
            Ok(signal) => Some(StopSignal(signal)),
        }
    }

    /// Waits in a thread of its own, which then calls `act`. So nothing can be
    /// forked after this.
    ///
    /// # Errors
    ///
    /// As [`catch`](Self::catch), and if no more threads are allowed.
    pub fn act(act: impl FnOnce(StopSignal) + Send + 'static) -> io::Result<()> {
        let signals = Self::catch()?;
        let wait = move || signals.wait().map(act);
        Thread::named("signals", wait).map(drop)
    }
}

impl AsFd for StopSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// The signals that this process ignores, one bit for each
/// (proc_pid_status(5)); none if that cannot be read.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}
