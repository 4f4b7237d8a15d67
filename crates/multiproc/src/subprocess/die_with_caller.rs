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
use std::os::fd::{AsRawFd, RawFd};
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

/// In force for the programs that its command starts, until dropped.
#[derive(Debug)]
pub(super) struct DieWithCaller {
    ends: (UnixStream, UnixStream),
    /// False once this is dropped: the caller's `Command` keeps what was added
    /// to it, and may be used again.
    holds: Arc<AtomicBool>,
}

impl DieWithCaller {
    /// Call it before `command` is started.
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
                // The program already leads its group: `process_group` takes
                // effect before this.
                Whom::Group => -pid,
            };
            signal_owner(a, owner)?;
            signal_owner(b, owner)
        };
        if whom == Whom::Group {
            command.process_group(0);
        }
        // SAFETY: the closure runs in the child of a process that may have
        // threads, so it may make system calls, but not take a lock or allocate:
        // it reads an atomic, and calls getpid and fcntl. If the caller dies
        // before that, the child's own copies are the last ones, and the signal
        // comes when `exec` closes them.
        unsafe { command.pre_exec(arm) };
        Ok(DieWithCaller { ends, holds })
    }
}

impl Drop for DieWithCaller {
    fn drop(&mut self) {
        self.holds.store(false, Ordering::Relaxed);
        // A process that has outlived its call may go on: disarm the signal
        // before the sockets close.
        for end in [&self.ends.0, &self.ends.1] {
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
