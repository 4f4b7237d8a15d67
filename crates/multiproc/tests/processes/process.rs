//! `multiproc::process`.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::deadline::Deadline;
use multiproc::process::{self, Builder, ExitStatus, JoinError, Process, SpawnError};
use multiproc::shared::{Mutex, Shared};
use nix::sys::signal::{self, SigHandler, Signal};
use nix::unistd::Pid;

pub(crate) const CHECKS: &[Check] = checks![
    a_status_is_told,
    join_may_be_repeated_and_shared,
    join_timeout_leaves_the_child_alone,
    a_threaded_process_is_refused,
    a_joined_thread_does_not_count,
    a_held_lock_is_refused,
    no_destructor_runs_twice,
    no_exit_handler_runs_in_a_child,
    an_inherited_handler_does_not_swallow_sigterm,
    a_blocked_signal_is_open_in_the_child,
    ignored_interrupt_is_ignored,
    a_buffer_leaves_once,
    ignored_sigchld_keeps_the_status,
    the_name_is_shown,
    a_closure_that_does_not_return_has_an_outcome,
    an_error_is_said_in_one_write,
    every_signal_starts_afresh,
    one_thread_needs_no_proc,
    no_proc_is_said,
];

pub(crate) fn pid(process: &Process) -> Pid {
    Pid::from_raw(process.pid().cast_signed())
}

fn a_status_is_told() {
    let ended = |child: Result<Process, SpawnError>| child.unwrap().join().unwrap();
    assert_eq!(ended(Process::spawn("unit", || ())), ExitStatus::Code(0));
    assert_eq!(ended(Process::spawn("number", || 7)), ExitStatus::Code(7));
    assert_eq!(
        ended(Process::spawn("ok", || Ok::<(), String>(()))),
        ExitStatus::Code(0)
    );
    assert_eq!(
        ended(Process::spawn("error", || Err::<(), _>("on purpose"))),
        ExitStatus::Code(1)
    );
    assert_eq!(
        ended(Process::spawn("panic", || -> () { panic!("on purpose") })),
        ExitStatus::Code(101)
    );
    assert_eq!(
        ended(Process::spawn("exit", || -> () { std::process::exit(3) })),
        ExitStatus::Code(3)
    );
    let abort = ended(Process::spawn("abort", || -> () { std::process::abort() }));
    assert_eq!(abort, ExitStatus::Signal(libc::SIGABRT));

    let child = Process::spawn("victim", thread::park).unwrap();
    child.kill().unwrap();
    let error = child.join_success().unwrap_err();
    let JoinError::Died(died) = error else {
        panic!("{error}");
    };
    assert_eq!(died.status, ExitStatus::Signal(libc::SIGKILL));
    assert_eq!(
        died.to_string(),
        format!("process 'victim' ({}) was killed by SIGKILL", child.pid())
    );
}

fn join_may_be_repeated_and_shared() {
    let (read, write) = std::io::pipe().unwrap();
    let child = Process::spawn("child", || {
        let mut go = [0];
        (&read).read_exact(&mut go).unwrap();
        5
    })
    .unwrap();
    thread::scope(|scope| {
        let joins: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| child.join().unwrap()))
            .collect();
        (&write).write_all(b"!").unwrap();
        assert!(
            joins
                .into_iter()
                .all(|join| join.join().unwrap() == ExitStatus::Code(5))
        );
    });
    assert_eq!(child.join().unwrap(), ExitStatus::Code(5));
    assert!(!child.is_alive().unwrap());
    // After it was reaped its number may be somebody else's: a signal must not
    // reach that one.
    child.terminate().unwrap();
    child.kill().unwrap();
}

fn join_timeout_leaves_the_child_alone() {
    let child = Process::spawn("child", thread::park).unwrap();
    assert_eq!(child.join_timeout(Duration::from_millis(20)).unwrap(), None);
    assert!(child.is_alive().unwrap());
    child.terminate().unwrap();
    assert_eq!(
        child.join_timeout(Duration::MAX).unwrap(),
        Some(ExitStatus::Signal(libc::SIGTERM))
    );
}

pub(crate) fn a_threaded_process_is_refused() {
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || wait.recv());
    let error = Process::spawn("never", || ()).unwrap_err();
    assert!(matches!(error, SpawnError::MultiThreaded { threads: 2 }));
    assert!(error.to_string().contains("2 threads"));
    drop(stop);
    let _ = other.join().unwrap();
}

pub(crate) fn a_joined_thread_does_not_count() {
    // The kernel lists a thread for a moment after `join` has returned.
    for _ in 0..500 {
        thread::spawn(|| {}).join().unwrap();
        Process::spawn("after", || ())
            .unwrap()
            .join_success()
            .unwrap();
    }
}

fn a_held_lock_is_refused() {
    let lock = Shared::new(Mutex::new(0_u32)).unwrap();
    let guard = lock.lock().unwrap();
    assert!(matches!(
        Process::spawn("never", || ()),
        Err(SpawnError::LockHeld)
    ));
    drop(guard);
    Process::spawn("child", || *lock.lock().unwrap() = 3)
        .unwrap()
        .join_success()
        .unwrap();
    assert_eq!(*lock.lock().unwrap(), 3);
}

fn no_destructor_runs_twice() {
    struct Loud<'a>(&'a AtomicU32);
    impl Drop for Loud<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let drops = Shared::new(AtomicU32::new(0)).unwrap();
    let kept = Loud(&drops);
    for end in [0, 1, 2] {
        let child = Process::spawn("child", || {
            let _kept = &kept;
            match end {
                0 => {}
                1 => panic!("on purpose"),
                _ => std::process::exit(0),
            }
        });
        child.unwrap().join().unwrap();
    }
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    drop(kept);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

static HANDLED: AtomicBool = AtomicBool::new(false);

fn no_exit_handler_runs_in_a_child() {
    extern "C" fn at_exit() {
        HANDLED.store(true, Ordering::SeqCst);
        // Seen by whoever reads our status.
        process::exit_now(99);
    }
    // SAFETY: the handler lives as long as the process.
    #[expect(unsafe_code, reason = "a signal's or exit's handler is unsafe to set")]
    unsafe {
        libc::atexit(at_exit);
    }
    let child = Process::spawn("child", || -> () { std::process::exit(4) }).unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Code(4));
}

fn an_inherited_handler_does_not_swallow_sigterm() {
    extern "C" fn swallow(_signal: libc::c_int) {}
    // SAFETY: the handler does nothing.
    #[expect(unsafe_code, reason = "a signal's or exit's handler is unsafe to set")]
    unsafe {
        signal::signal(Signal::SIGTERM, SigHandler::Handler(swallow)).unwrap();
    }
    let child = Process::spawn("child", loop_forever).unwrap();
    child.terminate().unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Signal(libc::SIGTERM));
}

pub(crate) fn loop_forever() -> ! {
    loop {
        thread::park();
    }
}

fn a_blocked_signal_is_open_in_the_child() {
    let mut mask = signal::SigSet::empty();
    mask.add(Signal::SIGTERM);
    mask.thread_block().unwrap();
    let child = Process::spawn("child", loop_forever).unwrap();
    child.terminate().unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Signal(libc::SIGTERM));
    // The parent's own mask is as it was.
    assert!(
        signal::SigSet::thread_get_mask()
            .unwrap()
            .contains(Signal::SIGTERM)
    );
}

fn ignored_interrupt_is_ignored() {
    let child = Builder::new("child")
        .ignore_interrupt()
        .spawn(loop_forever)
        .unwrap();
    signal::kill(pid(&child), Signal::SIGINT).unwrap();
    assert_eq!(child.join_timeout(Duration::from_millis(50)).unwrap(), None);
    let other = Process::spawn("other", loop_forever).unwrap();
    signal::kill(pid(&other), Signal::SIGINT).unwrap();
    assert_eq!(other.join().unwrap(), ExitStatus::Signal(libc::SIGINT));
}

fn a_buffer_leaves_once() {
    let (mut read, write) = std::io::pipe().unwrap();
    nix::unistd::dup2_stdout(write).unwrap();
    print!("once, ");
    let child = Process::spawn("child", || print!("the child's, "));
    child.unwrap().join_success().unwrap();
    println!("and the rest");
    let mut arrived = [0; 32];
    let expected = b"once, the child's, and the rest\n";
    read.read_exact(&mut arrived[..expected.len()]).unwrap();
    assert_eq!(&arrived[..expected.len()], expected);
}

fn ignored_sigchld_keeps_the_status() {
    // SAFETY: ignores a signal; no code of ours runs.
    #[expect(unsafe_code, reason = "a signal's or exit's handler is unsafe to set")]
    unsafe {
        signal::signal(Signal::SIGCHLD, SigHandler::SigIgn).unwrap();
    }
    assert_eq!(
        Process::spawn("child", || 6).unwrap().join().unwrap(),
        ExitStatus::Code(6)
    );
}

fn the_name_is_shown() {
    let (mut read, write) = std::io::pipe().unwrap();
    let child = Process::spawn("a-name-longer-than-it-may-be", move || {
        (&write).write_all(b"!").unwrap();
        loop_forever();
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    let name = fs::read_to_string(format!("/proc/{}/comm", child.pid())).unwrap();
    assert_eq!(name.trim_end(), "a-name-longer-t");
    assert!(!process::wait_readable(child.as_fd(), Deadline::after(Duration::ZERO)).unwrap());
}

fn a_closure_that_does_not_return_has_an_outcome() {
    let looping = Process::spawn("loop", || {
        loop {
            thread::park();
        }
    });
    looping.unwrap().kill().unwrap();
    let panicking = Process::spawn("panic", || panic!("on purpose"));
    assert_eq!(panicking.unwrap().join().unwrap(), ExitStatus::Code(101));
    let exiting = Process::spawn("exit", || process::exit_now(5));
    assert_eq!(exiting.unwrap().join().unwrap(), ExitStatus::Code(5));
    let named: fn() -> ! = || std::process::exit(6);
    let exiting = Process::spawn("function", named).unwrap();
    assert_eq!(exiting.join().unwrap(), ExitStatus::Code(6));
    let infallible = || Ok::<(), std::convert::Infallible>(());
    Process::spawn("infallible", infallible)
        .unwrap()
        .join_success()
        .unwrap();
}

/// On a socket that keeps the bounds of messages, each write is one message.
fn an_error_is_said_in_one_write() {
    use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, socketpair};
    let (read, write) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::empty(),
    )
    .unwrap();
    nix::unistd::dup2_stderr(&write).unwrap();
    let child = Process::spawn("child", || Err::<(), _>(SpawnError::LockHeld)).unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Code(1));
    let mut line = [0; 200];
    let length = recv(read.as_raw_fd(), &mut line, MsgFlags::MSG_DONTWAIT).unwrap();
    assert_eq!(
        std::str::from_utf8(&line[..length]).unwrap(),
        format!("child: {}\n", SpawnError::LockHeld)
    );
}

fn every_signal_starts_afresh() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    // SAFETY: the handler does nothing.
    #[expect(unsafe_code, reason = "a signal's or exit's handler is unsafe to set")]
    unsafe {
        for signal in (1..=64).filter(|signal| !matches!(signal, 9 | 19 | 32 | 33)) {
            let handler = match signal {
                libc::SIGPIPE => continue,
                libc::SIGHUP => libc::SIG_IGN,
                _ => nothing as extern "C" fn(libc::c_int) as libc::sighandler_t,
            };
            assert_ne!(libc::signal(signal, handler), libc::SIG_ERR);
        }
    }
    signal::SigSet::all().thread_block().unwrap();
    let child = Process::spawn("child", || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let signals = |what: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(what));
            u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
        };
        let (blocked, caught) = (signals("SigBlk:"), signals("SigCgt:"));
        // 32 and 33 are the C library's: what posix_spawn(3) starts ignores them.
        let ignored = signals("SigIgn:") & !(0b11 << 31);
        let ignored = ignored == 1 << (libc::SIGPIPE - 1);
        i32::from(blocked != 0) + 2 * i32::from(caught != 0) + 4 * i32::from(!ignored)
    });
    assert_eq!(child.unwrap().join().unwrap(), ExitStatus::Code(0));
}

fn one_thread_needs_no_proc() {
    if chroot_to_nowhere().is_err() {
        return; // only root may
    }
    let child = Process::spawn("child", || 3).unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Code(3));
}

fn no_proc_is_said() {
    if chroot_to_nowhere().is_err() {
        return; // only root may
    }
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || wait.recv());
    let error = Process::spawn("child", || ()).unwrap_err();
    assert!(matches!(error, SpawnError::NoProc(_)), "{error}");
    // As `fn main() -> Result<(), Box<dyn Error>>` shows it, with its cause.
    assert_eq!(
        format!("{error:?}"),
        "cannot fork: the threads of this process cannot be counted without /proc: \
         No such file or directory (os error 2)"
    );
    drop(stop);
    let _ = other.join().unwrap();
}

fn chroot_to_nowhere() -> nix::Result<()> {
    let empty = tempfile::tempdir().unwrap();
    nix::unistd::chroot(empty.path())
}
