//! `multiproc::process`.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use multiproc::deadline::Deadline;
use multiproc::process::{self, Builder, ExitStatus, JoinError, Process, SpawnError};
use multiproc::shared::{Mutex, Shared};
use nix::sys::signal::{self, SigHandler, Signal};
use nix::unistd::Pid;

use crate::Check;

pub(crate) const CHECKS: &[Check] = &[
    ("process::a_status_is_told", a_status_is_told),
    (
        "process::join_may_be_repeated_and_shared",
        join_may_be_repeated_and_shared,
    ),
    (
        "process::join_timeout_leaves_the_child_alone",
        join_timeout_leaves_the_child_alone,
    ),
    (
        "process::a_threaded_process_is_refused",
        a_threaded_process_is_refused,
    ),
    (
        "process::a_joined_thread_does_not_count",
        a_joined_thread_does_not_count,
    ),
    ("process::a_held_lock_is_refused", a_held_lock_is_refused),
    ("process::drop_ends_and_reaps", drop_ends_and_reaps),
    (
        "process::drop_ends_one_that_ignores_sigterm",
        drop_ends_one_that_ignores_sigterm,
    ),
    (
        "process::a_childs_copy_of_a_handle_is_harmless",
        a_childs_copy_of_a_handle_is_harmless,
    ),
    (
        "process::no_destructor_runs_twice",
        no_destructor_runs_twice,
    ),
    (
        "process::no_exit_handler_runs_in_a_child",
        no_exit_handler_runs_in_a_child,
    ),
    (
        "process::an_inherited_handler_does_not_swallow_sigterm",
        an_inherited_handler,
    ),
    (
        "process::a_blocked_signal_is_open_in_the_child",
        a_blocked_signal_is_open_in_the_child,
    ),
    (
        "process::ignored_interrupt_is_ignored",
        ignored_interrupt_is_ignored,
    ),
    (
        "process::a_killed_parent_takes_its_children_along",
        a_killed_parent,
    ),
    ("process::a_buffer_leaves_once", a_buffer_leaves_once),
    ("process::moved_pipe_ends_close", moved_pipe_ends_close),
    (
        "process::ignored_sigchld_keeps_the_status",
        ignored_sigchld_keeps_the_status,
    ),
    ("process::descriptors_do_not_leak", descriptors_do_not_leak),
    (
        "process::no_descriptor_left_is_a_clear_error",
        no_descriptor_left_is_a_clear_error,
    ),
    ("process::the_name_is_shown", the_name_is_shown),
];

fn pid(process: &Process) -> Pid {
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

fn a_threaded_process_is_refused() {
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || wait.recv());
    let error = Process::spawn("never", || ()).unwrap_err();
    assert!(matches!(error, SpawnError::MultiThreaded { threads: 2 }));
    assert!(error.to_string().contains("2 threads"));
    drop(stop);
    let _ = other.join().unwrap();
}

fn a_joined_thread_does_not_count() {
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

fn drop_ends_and_reaps() {
    let child = Process::spawn("child", thread::park).unwrap();
    let pid = pid(&child);
    drop(child);
    // A zombie would still have the number.
    assert_eq!(signal::kill(pid, None), Err(nix::errno::Errno::ESRCH));
}

fn drop_ends_one_that_ignores_sigterm() {
    let (mut read, write) = std::io::pipe().unwrap();
    let child = Process::spawn("stubborn", move || {
        // SAFETY: ignores a signal; no code of ours runs.
        #[allow(unsafe_code)]
        unsafe {
            signal::signal(Signal::SIGTERM, SigHandler::SigIgn).unwrap();
        }
        (&write).write_all(b"!").unwrap();
        loop {
            thread::park();
        }
        #[allow(unreachable_code)]
        ()
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    let pid = pid(&child);
    drop(child);
    assert_eq!(signal::kill(pid, None), Err(nix::errno::Errno::ESRCH));
}

fn a_childs_copy_of_a_handle_is_harmless() {
    let first = Process::spawn("first", thread::park).unwrap();
    let second = Process::spawn("second", || {
        // SAFETY: the child's own copy of the handle, which nothing else drops
        // here: a child ends in `_exit`.
        #[allow(unsafe_code)]
        drop(unsafe { std::ptr::read(&first) });
    });
    second.unwrap().join_success().unwrap();
    assert!(first.is_alive().unwrap());
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
    #[allow(unsafe_code)]
    unsafe {
        libc::atexit(at_exit);
    }
    let child = Process::spawn("child", || -> () { std::process::exit(4) }).unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Code(4));
}

fn an_inherited_handler() {
    extern "C" fn swallow(_signal: libc::c_int) {}
    // SAFETY: the handler does nothing.
    #[allow(unsafe_code)]
    unsafe {
        signal::signal(Signal::SIGTERM, SigHandler::Handler(swallow)).unwrap();
    }
    let child = Process::spawn("child", loop_forever).unwrap();
    child.terminate().unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Signal(libc::SIGTERM));
}

fn loop_forever() {
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

fn a_killed_parent() {
    // The grandchild holds the writing end: it is at an end when it is gone.
    let (mut read, write) = std::io::pipe().unwrap();
    let parent = Process::spawn("parent", move || {
        // It says itself that it is there: only then is it the kernel that
        // ends it, and not its own look at who its parent is.
        let child = Process::spawn("child", || {
            (&write).write_all(b"!").unwrap();
            loop_forever();
        });
        loop_forever();
        drop(child);
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    parent.kill().unwrap();
    parent.join().unwrap();
    read.read_to_string(&mut String::new()).unwrap();
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

fn moved_pipe_ends_close() {
    let (mut read, write) = std::io::pipe().unwrap();
    let child = Process::spawn("writer", move || (&write).write_all(b"hello").unwrap()).unwrap();
    let mut all = String::new();
    // Would wait for ever if the parent still had the writing end.
    read.read_to_string(&mut all).unwrap();
    assert_eq!(all, "hello");
    child.join_success().unwrap();

    let (mut read, write) = std::io::pipe().unwrap();
    let child = Builder::new("reader")
        .close_in_child(&write)
        .spawn(|| (&read).read_to_string(&mut String::new()).map(drop))
        .unwrap();
    drop(write);
    child.join_success().unwrap();
    assert_eq!(read.read(&mut [0]).unwrap(), 0);
}

fn ignored_sigchld_keeps_the_status() {
    // SAFETY: ignores a signal; no code of ours runs.
    #[allow(unsafe_code)]
    unsafe {
        signal::signal(Signal::SIGCHLD, SigHandler::SigIgn).unwrap();
    }
    assert_eq!(
        Process::spawn("child", || 6).unwrap().join().unwrap(),
        ExitStatus::Code(6)
    );
}

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn descriptors_do_not_leak() {
    let before = open_descriptors();
    for _ in 0..100 {
        Process::spawn("child", || ())
            .unwrap()
            .join_success()
            .unwrap();
    }
    assert_eq!(open_descriptors(), before);
}

fn no_descriptor_left_is_a_clear_error() {
    use nix::sys::resource::{Resource, setrlimit};
    let mut children = Vec::new();
    setrlimit(Resource::RLIMIT_NOFILE, 12, 12).unwrap();
    let error = loop {
        match Process::spawn("child", loop_forever) {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
        assert!(children.len() < 20);
    };
    assert!(
        matches!(&error, SpawnError::System(io) if io.raw_os_error() == Some(libc::EMFILE)),
        "{error}"
    );
    drop(children);
    // The one that could not be watched was taken back: no child is left.
    assert_eq!(nix::sys::wait::wait(), Err(nix::errno::Errno::ECHILD));
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
