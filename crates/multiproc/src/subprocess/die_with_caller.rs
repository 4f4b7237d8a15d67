//! Ends a program when its caller dies, whatever the cause.
//!
//! The caller alone holds both ends of a pair of connected sockets. When it ends,
//! even by `kill -9`, the kernel closes them, one first. At that moment the other
//! one becomes readable, and the kernel can send its owner a signal for that
//! (`O_ASYNC`, `F_SETOWN` and `F_SETSIG`, fcntl(2)). The owner is the program or
//! its process group, the signal is `SIGKILL`.
//!
//! The parent-death signal (`PR_SET_PDEATHSIG`) would do less: it reaches only the
//! program itself, it is lost if the program has privileges of its own (as ping
//! has on many systems), and it comes when the calling *thread* ends.

#![expect(
    unsafe_code,
    reason = "it runs code between fork and exec, and makes calls that have no safe form"
)]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_int;

/// What the caller's death ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// The program.
    Program,
    /// The program and whatever it starts, in a process group of its own.
    Group,
}

/// In force for the programs that are started with it, until dropped.
#[derive(Debug)]
pub struct DieWithCaller {
    ends: [OwnedFd; 2],
    /// Their first numbers, if those were 0 to 2. See [`new`](Self::new).
    _low: Vec<OwnedFd>,
    whom: Whom,
    /// False once this is dropped: the caller's `std::process::Command` keeps what
    /// was added to it, and may be used again.
    holds: Arc<AtomicBool>,
}

/// What a child does about it before its exec.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arm {
    ends: (RawFd, RawFd),
    whom: Whom,
}

impl Arm {
    /// To be called in the child: it makes system calls, takes no lock and does not
    /// allocate. For [`Whom::Group`] the child leads its group by then.
    ///
    /// If the caller dies before that, the child's own copies of the sockets are
    /// the last ones, and the signal comes when `exec` closes them.
    pub(super) fn arm(self) -> io::Result<()> {
        // SAFETY: getpid(2) has no conditions.
        let pid = unsafe { libc::getpid() };
        let owner = match self.whom {
            Whom::Program => pid,
            Whom::Group => -pid,
        };
        signal_owner(self.ends.0, owner)?;
        signal_owner(self.ends.1, owner)
    }
}

impl DieWithCaller {
    pub(super) fn new(whom: Whom) -> io::Result<Self> {
        // Closed by `exec`, so that no program holds them.
        let (one, other) = UnixStream::pair()?;
        let mut ends = [one, other].map(OwnedFd::from);
        // In a caller that has closed its standard input, a new file may be number
        // 0. But a child of the standard library's command has its standard files
        // before it arms, and would arm those. The low numbers stay taken: a pipe
        // that gets the very number for which the library has made it is lost.
        let mut low = Vec::new();
        for end in ends.iter_mut().filter(|end| end.as_raw_fd() <= 2) {
            let above = end.try_clone()?;
            low.push(mem::replace(end, above));
        }
        Ok(DieWithCaller {
            ends,
            _low: low,
            whom,
            holds: Arc::new(AtomicBool::new(true)),
        })
    }

    pub(super) fn whom(&self) -> Whom {
        self.whom
    }

    pub(super) fn arm(&self) -> Arm {
        Arm {
            ends: (self.ends[0].as_raw_fd(), self.ends[1].as_raw_fd()),
            whom: self.whom,
        }
    }

    /// Makes the programs that `command` starts arm it.
    pub(super) fn arm_before_exec(&self, command: &mut Command) {
        if self.whom == Whom::Group {
            // Takes effect before the closure.
            command.process_group(0);
        }
        let (arm, holds) = (self.arm(), Arc::clone(&self.holds));
        let arm = move || match holds.load(Ordering::Relaxed) {
            true => arm.arm(),
            false => Ok(()),
        };
        // SAFETY: the closure runs in the child of a process that may have
        // threads, so it may make system calls, but not take a lock or allocate:
        // it reads an atomic, and arms.
        unsafe { command.pre_exec(arm) };
    }
}

impl Drop for DieWithCaller {
    fn drop(&mut self) {
        self.holds.store(false, Ordering::Relaxed);
        // A process that has outlived its call may go on: disarm the signal
        // before the sockets close.
        for end in &self.ends {
            let _ = fcntl(end.as_raw_fd(), libc::F_SETFL, 0);
        }
    }
}

/// Makes the kernel send SIGKILL to `owner` when `fd` becomes readable.
fn signal_owner(fd: RawFd, owner: c_int) -> io::Result<()> {
    fcntl(fd, libc::F_SETOWN, owner)?;
    fcntl(fd, F_SETSIG, libc::SIGKILL)?;
    fcntl(fd, libc::F_SETFL, libc::O_ASYNC)
}

/// From the kernel's `fcntl.h`; the libc crate lacks it.
const F_SETSIG: c_int = 10;

fn fcntl(fd: RawFd, command: c_int, argument: c_int) -> io::Result<()> {
    // SAFETY: these commands take a number and touch no memory.
    match unsafe { libc::fcntl(fd, command, argument) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
