//! The fork itself, and what the child does before and after its closure.

#![expect(
    unsafe_code,
    reason = "the system calls of this file have no safe form"
)]

use std::ffi::CStr;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use rustix::io::DupFlags;
use rustix::process::{Pid, Signal};

use super::builder::How;
use super::hand_over::hand_over;
use super::{Outcome, SpawnError, parent, signals, threads};
use crate::shared;

/// Whether this process is a child that [`Process::spawn`](super::Process::spawn) started.
pub fn in_child() -> bool {
    PARENT.load(Ordering::Relaxed) != 0
}

/// The pids of this process's parent and of this process; 0 unless
/// `Process::spawn` started it.
static PARENT: AtomicI32 = AtomicI32::new(0);
static SELF: AtomicI32 = AtomicI32::new(0);

/// The exit status of a child whose closure panics, as of any Rust program.
const PANICKED: i32 = 101;

/// The length of the name that the kernel keeps of a process, with its NUL.
const COMM: usize = 16;

/// The beginning of a name, as the kernel takes it. One that contains a NUL is
/// not shown.
fn comm<'a>(name: &str, buffer: &'a mut [u8; COMM]) -> &'a CStr {
    if !name.contains('\0') {
        let len = name.len().min(COMM - 1);
        buffer[..len].copy_from_slice(&name.as_bytes()[..len]);
    }
    CStr::from_bytes_until_nul(buffer).unwrap_or_default()
}

/// Forks. `place`, a file without contents, is closed on both sides, so that in
/// the parent a descriptor is free afterwards.
pub(super) fn fork<R: Outcome>(
    how: &How<'_>,
    place: OwnedFd,
    body: impl FnOnce() -> R,
) -> Result<Pid, SpawnError> {
    let threads = threads::count().map_err(SpawnError::NoProc)?;
    if threads != 1 {
        return Err(SpawnError::MultiThreaded { threads });
    }
    if shared::locks_held() > 0 {
        return Err(SpawnError::LockHeld);
    }
    if how.afresh.is_some() {
        // Otherwise parent and child would both print what is in the buffer.
        match io::stdout().flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
        signals::reap_children_again();
    }

    // What either side writes to after the fork, while the other lives, costs it
    // the copy of a page; and each piece of code that the child enters is mapped
    // for it anew. So the child finds what it needs ready, on the stack.
    let mut name = [0; COMM];
    let name = comm(how.name, &mut name);
    let parent = rustix::process::getpid();
    // A signal that arrives before the child has `start_afresh` behind it would
    // run the parent's handler in the child: block them all.
    let mut mask = SigSet::empty();
    pthread_sigmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::all()),
        Some(&mut mask),
    )
    .map_err(io::Error::from)?;
    // SAFETY: this process has one thread (counted above, and nothing else can
    // start one), so the child's copies of all locks and of the heap are as this
    // thread left them, and the child may run any code.
    let forked = unsafe { libc::fork() };
    if forked == 0 {
        run_child(how, name, parent, place, body);
    }
    let failed = (forked == -1).then(io::Error::last_os_error);
    let restored = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
    if let Some(error) = failed {
        return Err(error.into());
    }
    drop(place);
    hand_over(body);
    restored.map_err(io::Error::from)?;
    Pid::from_raw(forked).ok_or_else(|| io::Error::other("fork returned no pid").into())
}

// ANCHOR: run_child
/// The child, from the fork to its end.
fn run_child<R: Outcome>(
    how: &How<'_>,
    name: &CStr,
    parent: Pid,
    nothing: OwnedFd,
    body: impl FnOnce() -> R,
) -> ! {
    PARENT.store(parent.as_raw_nonzero().get(), Ordering::Relaxed);
    SELF.store(
        rustix::process::getpid().as_raw_nonzero().get(),
        Ordering::Relaxed,
    );
    // No panic may unwind past this frame: the callers are the parent's code.
    let status = catch_unwind(AssertUnwindSafe(|| {
        match prepare(how, name, parent, nothing) {
            Ok(()) => body().report(how.name),
            Err(error) => Err::<(), _>(error).report(how.name),
        }
    }));
    let flushed = catch_unwind(|| io::stdout().flush().is_ok());
    match (status, flushed) {
        (Ok(status), Ok(true)) => exit_now(status),
        (Ok(0), _) => exit_now(1),
        (Ok(status), _) => exit_now(status),
        (Err(panic), _) => {
            // Dropping the payload could panic again.
            std::mem::forget(panic);
            exit_now(PANICKED)
        }
    }
}

fn prepare(how: &How<'_>, name: &CStr, parent: Pid, nothing: OwnedFd) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // If the parent died before the line above, nobody sends that signal. Compare
    // with the saved pid, not with 1: an orphan's new parent is the nearest
    // "subreaper", which may be any process.
    if !parent::is(parent) {
        exit_now(1);
    }
    // A courtesy to whoever reads `ps`.
    let _ = rustix::thread::set_name(name);
    close(how.close, nothing);
    if let Some(afresh) = &how.afresh {
        end_in_exit_now();
        signals::start_afresh(afresh.ignore_interrupt);
    }
    signals::open_mask();
    Ok(())
}
// ANCHOR_END: run_child

/// Ends this process at once: no destructors, no exit handlers, no buffers
/// (_exit(2)).
pub fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` takes any number and touches no memory of ours.
    unsafe { libc::_exit(status) }
}

/// Ends this process by `SIGPIPE`, as a write to a closed pipe does by default,
/// so that whoever waits for it can tell that its reader was gone.
pub fn die_of_sigpipe() -> ! {
    // SAFETY: sets the default action of a signal and sends it to this thread;
    // no memory is involved.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::raise(libc::SIGPIPE);
    }
    // Reached only if the signal is blocked.
    exit_now(128 + libc::SIGPIPE)
}

/// Closes the files of `fds`, but keeps their numbers taken: somebody in this
/// process may still think it owns them, and would use whatever file got the
/// number next. Instead they refer to `nothing`, which can be neither read nor
/// written.
fn close(fds: &[BorrowedFd<'_>], nothing: OwnedFd) {
    for fd in fds {
        // SAFETY: the number stays a valid descriptor, of a file without
        // contents, so whoever still borrows it does no harm.
        let mut fd = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd.as_raw_fd()) });
        // It fails only for numbers that are not open.
        let _ = rustix::io::dup3(&nothing, &mut fd, DupFlags::CLOEXEC);
    }
    // SAFETY: nobody else owns it. (Not by `drop`, which enters the C library.)
    unsafe { rustix::io::close(nothing.into_raw_fd()) };
}

/// Asks the kernel again to kill this process when its parent dies. Every child
/// starts that way, but a change of credentials (setuid(2) and the like, see
/// prctl(2)) cancels it: call this afterwards.
///
/// In a process that [`Process::spawn`](super::Process::spawn) did not start,
/// it does nothing.
///
/// # Errors
///
/// That of prctl(2); none is known.
pub fn die_with_parent() -> io::Result<()> {
    // A child that was forked in another way has inherited these numbers.
    let this = rustix::process::getpid();
    if Pid::from_raw(SELF.load(Ordering::Relaxed)) != Some(this) {
        return Ok(());
    }
    if let Some(parent) = Pid::from_raw(PARENT.load(Ordering::Relaxed)) {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died in the meantime.
        if !parent::is(parent) {
            exit_now(1);
        }
    }
    Ok(())
}

/// Makes `exit(3)`, and so `std::process::exit`, call [`exit_now`] before any
/// handler that the parent registered.
fn end_in_exit_now() {
    unsafe extern "C" {
        // glibc, on_exit(3): like `atexit`, but the handler gets the status.
        fn on_exit(
            handler: extern "C" fn(status: c_int, argument: *mut c_void),
            argument: *mut c_void,
        ) -> c_int;
    }
    extern "C" fn handler(status: c_int, _argument: *mut c_void) {
        exit_now(status)
    }
    // SAFETY: the handler is a function that lives as long as the process and
    // does not use its argument. The last handler registered runs first, so this
    // one runs before the parent's.
    unsafe {
        on_exit(handler, std::ptr::null_mut());
    }
}
