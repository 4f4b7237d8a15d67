//! A program ends when its caller does, whatever the caller dies of.
//!
//! The caller holds both ends of a pair of connected sockets, and nobody else
//! does. The kernel closes them when the caller ends, `kill -9` included: one
//! first, and at that moment the other has news, for which its owner can ask
//! for a signal (`O_ASYNC`, `F_SETOWN` and `F_SETSIG`, fcntl(2)). The owner is
//! the program or its process group, the signal is `SIGKILL`.
//!
//! The parent-death signal (`PR_SET_PDEATHSIG`) would do less: it reaches the
//! program alone, it is lost where the program has privileges of its own (ping
//! has, on many systems), and it comes when the *thread* that called ends.

// What runs between fork and exec, and the calls that nothing safe offers.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_int;

/// Whom the caller's death ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// The program.
    Program,
    /// The program and whatever it starts, in a process group of its own.
    Group,
}

/// Holds for the programs that its command starts, until dropped.
#[derive(Debug)]
pub(super) struct DieWithCaller {
    ends: (UnixStream, UnixStream),
    /// False once this is dropped: the caller's `Command` keeps what was added
    /// to it, and may be used again.
    holds: Arc<AtomicBool>,
}

impl DieWithCaller {
    /// To be called before `command` is started.
    pub(super) fn new(command: &mut Command, whom: Whom) -> io::Result<Self> {
        // Closed by `exec`, so that no program holds them.
        let ends = UnixStream::pair()?;
        let holds = Arc::new(AtomicBool::new(true));
        let (a, b) = (ends.0.as_raw_fd(), ends.1.as_raw_fd());
        let still = Arc::clone(&holds);
        let arm = move || {
            if !still.load(Ordering::Relaxed) {
                return Ok(());
            }
            // SAFETY: getpid(2) has no conditions.
            let pid = unsafe { libc::getpid() };
            let owner = match whom {
                Whom::Program => pid,
                // By now the program leads its group: that comes first.
                Whom::Group => -pid,
            };
            signal_owner(a, owner)?;
            signal_owner(b, owner)
        };
        if whom == Whom::Group {
            command.process_group(0);
        }
        // SAFETY: the closure runs in the child of a process that may have
        // threads, so it may make system calls and nothing that takes a lock or
        // memory: it reads an atomic, and calls getpid and fcntl. Should the
        // caller die before, the child's own copies are the last ones, and the
        // signal comes when `exec` closes them.
        unsafe { command.pre_exec(arm) };
        Ok(DieWithCaller { ends, holds })
    }
}

impl Drop for DieWithCaller {
    fn drop(&mut self) {
        self.holds.store(false, Ordering::Relaxed);
        // What has survived its call may live on: closing means nothing now.
        for end in [&self.ends.0, &self.ends.1] {
            let _ = fcntl(end.as_raw_fd(), libc::F_SETFL, 0);
        }
    }
}

/// The kernel sends SIGKILL to `owner` when `fd` has news.
fn signal_owner(fd: RawFd, owner: c_int) -> io::Result<()> {
    fcntl(fd, libc::F_SETOWN, owner)?;
    fcntl(fd, F_SETSIG, libc::SIGKILL)?;
    fcntl(fd, libc::F_SETFL, libc::O_ASYNC)
}

/// From the kernel's `fcntl.h`; the libc crate lacks it.
const F_SETSIG: c_int = 10;

fn fcntl(fd: RawFd, command: c_int, argument: c_int) -> io::Result<()> {
    // SAFETY: these commands take a number and touch no memory of ours.
    match unsafe { libc::fcntl(fd, command, argument) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
