//! `multiproc::process`: nobody is left behind.

use std::fs;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::process::{self, ExitStatus, Process};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{self, SigHandler, Signal};
use nix::unistd::{Pid, Uid};

use crate::process::{loop_forever, pid};

pub(crate) const CHECKS: &[Check] = checks![
    drop_ends_and_reaps,
    drop_ends_one_that_ignores_sigterm,
    a_childs_copy_of_a_handle_is_harmless,
    a_killed_parent_takes_its_children_along,
    a_copy_in_any_forks_child_is_harmless,
    a_child_that_changes_its_user_dies_with_its_parent,
    a_parent_that_gave_up_its_privileges_reaps,
];

/// These need to be root, or to be allowed to make namespaces.
pub(crate) const IGNORED: &[Check] = checks![a_child_in_a_new_pid_namespace];

fn drop_ends_and_reaps() {
    let child = Process::spawn("child", thread::park).unwrap();
    let pid = pid(&child);
    drop(child);
    // A zombie would still have the number.
    assert_eq!(signal::kill(pid, None), Err(Errno::ESRCH));
}

fn drop_ends_one_that_ignores_sigterm() {
    let (mut read, write) = std::io::pipe().unwrap();
    let child = Process::spawn("stubborn", move || {
        // SAFETY: ignores a signal; no code of ours runs.
        #[expect(unsafe_code, reason = "a signal's action is unsafe to set")]
        unsafe {
            signal::signal(Signal::SIGTERM, SigHandler::SigIgn).unwrap();
        }
        (&write).write_all(b"!").unwrap();
        loop_forever()
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    let pid = pid(&child);
    drop(child);
    assert_eq!(signal::kill(pid, None), Err(Errno::ESRCH));
}

fn a_childs_copy_of_a_handle_is_harmless() {
    let first = Process::spawn("first", thread::park).unwrap();
    let second = Process::spawn("second", || {
        // SAFETY: the child's own copy of the handle, which nothing else drops
        // here: a child ends in `_exit`.
        #[expect(unsafe_code, reason = "a second owner of one value")]
        drop(unsafe { std::ptr::read(&first) });
    });
    second.unwrap().join_success().unwrap();
    assert!(first.is_alive().unwrap());
}

/// Kills the parent of a child that has run `prepare`, and waits for the child's
/// end.
fn kill_the_parent_of_one_that(prepare: impl FnOnce()) {
    // The child alone holds the writing end, which is closed when it is gone.
    let (mut read, write) = std::io::pipe().unwrap();
    let parent = Process::spawn("parent", move || {
        let child = Process::spawn("child", || {
            prepare();
            // It says itself that it is there: only then is it the kernel that
            // ends it, and not its own look at who its parent is.
            (&write).write_all(b"!").unwrap();
            loop_forever()
        });
        drop(write);
        let _child = child.unwrap();
        loop_forever()
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    parent.kill().unwrap();
    parent.join().unwrap();
    read.read_to_string(&mut String::new()).unwrap();
}

fn a_killed_parent_takes_its_children_along() {
    kill_the_parent_of_one_that(|| ());
}

fn a_copy_in_any_forks_child_is_harmless() {
    let child = Process::spawn("child", loop_forever).unwrap();
    // SAFETY: this process has one thread.
    #[expect(unsafe_code, reason = "a fork that the library does not know of")]
    match unsafe { libc::fork() } {
        0 => {
            drop(child);
            process::exit_now(0);
        }
        other => nix::sys::wait::waitpid(Pid::from_raw(other), None).unwrap(),
    };
    assert!(child.is_alive().unwrap());
}

/// `setuid` makes the kernel forget the signal that the child asked for.
fn a_child_that_changes_its_user_dies_with_its_parent() {
    if !Uid::effective().is_root() {
        return; // nothing to change
    }
    kill_the_parent_of_one_that(|| {
        nix::unistd::setuid(Uid::from_raw(65_533)).unwrap();
        assert_eq!(prctl::get_pdeathsig(), Ok(None));
        process::die_with_parent().unwrap();
    });
}

fn a_parent_that_gave_up_its_privileges_reaps() {
    if !Uid::effective().is_root() {
        return; // nothing to give up
    }
    let (wait, go) = std::io::pipe().unwrap();
    let child = process::Builder::new("child")
        .close_in_child(&go)
        .spawn(move || (&wait).read(&mut [0]).map(drop))
        .unwrap();
    let soon = Process::spawn("soon", || thread::sleep(Duration::from_millis(100))).unwrap();
    nix::unistd::setuid(Uid::from_raw(65_533)).unwrap();
    let (first, second) = (pid(&child), pid(&soon));
    assert!(child.kill().is_err());
    // Ends by itself while it is waited for.
    drop(soon);
    assert_eq!(signal::kill(second, None), Err(Errno::ESRCH));
    // Does not, and is reaped when it has.
    drop(child);
    assert_eq!(signal::kill(first, None), Err(Errno::EPERM));
    drop(go);
    while fs::read_to_string(format!("/proc/{first}/stat")).is_ok() {
        Process::spawn("next", || ())
            .unwrap()
            .join_success()
            .unwrap();
    }
}

/// There the child has the number 1, and its parent none.
fn a_child_in_a_new_pid_namespace() {
    use nix::sched::{CloneFlags, unshare};
    if unshare(CloneFlags::CLONE_NEWPID).is_err() {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID)
            .expect("needs the right to make a PID namespace");
    }
    let (mut read, write) = std::io::pipe().unwrap();
    let first = Process::spawn("first", move || {
        assert_eq!(std::process::id(), 1);
        let second = Process::spawn("second", || 7).unwrap();
        assert_eq!(second.join().unwrap(), ExitStatus::Code(7));
        (&write).write_all(b"!").unwrap();
        loop_forever()
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    let second = Process::spawn("beside", || 8).unwrap();
    assert_eq!(second.join().unwrap(), ExitStatus::Code(8));
    let number = pid(&first);
    drop(first);
    assert_eq!(signal::kill(number, None), Err(Errno::ESRCH));
}
