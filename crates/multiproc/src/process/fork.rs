//! The fork itself, and what the child does before and after its closure.

// The system calls of this file have no safe form.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use rustix::process::{Pid, Signal};

use super::{Builder, Outcome, SpawnError, parent, threads};
use crate::shared;

/// Whether this process is a child that [`Process::spawn`](super::Process::spawn) started.
pub fn in_child() -> bool {
    PARENT.load(Ordering::Relaxed) != 0
}

/// The process that started this one, and this one; 0 in a process that
/// `Process::spawn` did not start.
static PARENT: AtomicI32 = AtomicI32::new(0);
static SELF: AtomicI32 = AtomicI32::new(0);

/// What a panic in a child's closure becomes: the status of any Rust program
/// that panics.
const PANICKED: i32 = 101;

pub(super) fn fork<R: Outcome>(
    how: &Builder<'_>,
    body: impl FnOnce() -> R,
) -> Result<Pid, SpawnError> {
    let threads = threads::count().map_err(SpawnError::NoProc)?;
    if threads != 1 {
        return Err(SpawnError::MultiThreaded { threads });
    }
    if shared::locks_held() > 0 {
        return Err(SpawnError::LockHeld);
    }
    // What is in the buffer now would be printed by both.
    match io::stdout().flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    reap_children_again();

    // Made here, because each page that the child touches has to be copied for
    // it first. A name with a NUL is not shown.
    let name = CString::new(how.name.as_bytes()).unwrap_or_default();
    let parent = rustix::process::getpid();
    // A signal between the fork and the child's `reset_signals` would run the
    // parent's handler in the child: hold them all back.
    let mut mask = SigSet::empty();
    pthread_sigmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::all()),
        Some(&mut mask),
    )
    .map_err(io::Error::from)?;
    // SAFETY: this process has one thread (counted above, and nobody else is
    // there to start one), so the child's copy of every lock and of the heap is
    // in the state that this thread left it in, and any code may run in it.
    let forked = unsafe { libc::fork() };
    if forked == 0 {
        run_child(how, &name, parent, body);
    }
    let failed = (forked == -1).then(io::Error::last_os_error);
    let restored = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
    if let Some(error) = failed {
        return Err(error.into());
    }
    restored.map_err(io::Error::from)?;
    Pid::from_raw(forked).ok_or_else(|| io::Error::other("fork returned no pid").into())
}

// ANCHOR: run_child
/// The child, from the fork to its end.
fn run_child<R: Outcome>(
    how: &Builder<'_>,
    name: &CStr,
    parent: Pid,
    body: impl FnOnce() -> R,
) -> ! {
    PARENT.store(parent.as_raw_nonzero().get(), Ordering::Relaxed);
    SELF.store(
        rustix::process::getpid().as_raw_nonzero().get(),
        Ordering::Relaxed,
    );
    // Nothing may unwind out of here: above is the parent's code.
    let status = catch_unwind(AssertUnwindSafe(|| match prepare(how, name, parent) {
        Ok(()) => body().report(&how.name),
        Err(error) => Err::<(), _>(error).report(&how.name),
    }));
    let flushed = catch_unwind(|| io::stdout().flush().is_ok());
    match (status, flushed) {
        (Ok(status), Ok(true)) => exit_now(status),
        (Ok(0), _) => exit_now(1),
        (Ok(status), _) => exit_now(status),
        (Err(panic), _) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(panic);
            exit_now(PANICKED)
        }
    }
}

fn prepare(how: &Builder<'_>, name: &CStr, parent: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above, and then nobody sends
    // that signal. Compared with the saved number, not with 1: an orphan goes
    // to the nearest "subreaper", which may be anybody.
    if !parent::is(parent) {
        exit_now(1);
    }
    end_in_exit_now();
    // A courtesy to whoever reads `ps`.
    let _ = rustix::thread::set_name(name);
    close(&how.close);
    reset_signals(how.ignore_interrupt);
    // `all` was set before the fork; from here on signals arrive.
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    Ok(())
}
// ANCHOR_END: run_child

/// Ends this process at once: no destructors, no exit handlers, no buffers
/// (_exit(2)).
pub fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` takes any number and touches no memory of ours.
    unsafe { libc::_exit(status) }
}

/// Ends this process as a write to a closed pipe would by default, so that
/// whoever waits for it knows that its reader has gone.
pub fn die_of_sigpipe() -> ! {
    // SAFETY: sets the default action of a signal and sends it to this thread;
    // no memory is involved.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::raise(libc::SIGPIPE);
    }
    // Reached only where the signal is blocked.
    exit_now(128 + libc::SIGPIPE)
}

/// Closes what `fds` stand for, and keeps their numbers from being given to
/// other files: somebody in this process may still believe to own them. What
/// they stand for instead can be neither read nor written.
fn close(fds: &[BorrowedFd<'_>]) {
    let Some((first, others)) = fds.split_first() else {
        return;
    };
    let first = first.as_raw_fd();
    // SAFETY: the numbers stay valid descriptors, of a file without contents,
    // so that whoever still borrows them does no harm. Between the `close` and
    // the `dup2` this process, which has one thread, runs nothing else. Closing
    // comes first, since there may be no number to spare.
    unsafe {
        libc::close(first);
        let nothing = libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if nothing != first && nothing >= 0 {
            libc::dup3(nothing, first, libc::O_CLOEXEC);
            libc::close(nothing);
        }
        for fd in others {
            libc::dup3(first, fd.as_raw_fd(), libc::O_CLOEXEC);
        }
    }
}

/// Has the kernel kill this process when the one that started it dies, as it
/// does already; but a change of credentials (setuid(2) and the like,
/// prctl(2)) makes it forget, and after that, this is to be called.
///
/// In a process that [`Process::spawn`](super::Process::spawn) did not start,
/// it does nothing.
///
/// # Errors
///
/// What prctl(2) says; no cause is known.
pub fn die_with_parent() -> io::Result<()> {
    // A child that was forked in another way has inherited the numbers, too.
    let this = rustix::process::getpid();
    if Pid::from_raw(SELF.load(Ordering::Relaxed)) != Some(this) {
        return Ok(());
    }
    if let Some(parent) = Pid::from_raw(PARENT.load(Ordering::Relaxed)) {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have died while the kernel did not know.
        if !parent::is(parent) {
            exit_now(1);
        }
    }
    Ok(())
}

/// An ignored `SIGCHLD`, which a program inherits through `exec`, makes the
/// kernel throw away the exit status of every child: undo that.
fn reap_children_again() {
    // SAFETY: a zeroed `sigaction` is a valid value to be written over, and
    // setting a signal's default action involves no memory of ours.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGCHLD, std::ptr::null(), &mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
        {
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        }
    }
}

fn reset_signals(ignore_interrupt: bool) {
    for signal in 1..=libc::SIGRTMAX() {
        let action = match signal {
            // Ignored by Rust's runtime, and meant to be: see the module's text.
            libc::SIGPIPE => continue,
            // Their actions cannot be changed; the two between belong to libc.
            libc::SIGKILL | libc::SIGSTOP | 32 | 33 => continue,
            libc::SIGINT if ignore_interrupt => libc::SIG_IGN,
            _ => libc::SIG_DFL,
        };
        // SAFETY: sets an action that runs no code of ours.
        unsafe {
            libc::signal(signal, action);
        }
    }
}

/// Makes `exit(3)`, and so `std::process::exit`, end in [`exit_now`] before
/// any handler that the parent registered.
fn end_in_exit_now() {
    unsafe extern "C" {
        // glibc, on_exit(3): like `atexit`, but it tells the status.
        fn on_exit(
            handler: extern "C" fn(status: c_int, argument: *mut c_void),
            argument: *mut c_void,
        ) -> c_int;
    }
    extern "C" fn handler(status: c_int, _argument: *mut c_void) {
        exit_now(status)
    }
    // SAFETY: the handler is a function that lives as long as the process and
    // does not use its argument. Handlers run last registered first, so it
    // runs before the parent's.
    unsafe {
        on_exit(handler, std::ptr::null_mut());
    }
}
