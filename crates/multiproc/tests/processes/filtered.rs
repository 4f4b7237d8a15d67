//! Under a filter of system calls (seccomp(2)), as containers and services have it.

use std::io;

use common::testing::{Check, checks};
use multiproc::process::{Process, SpawnError, thread_count};
use multiproc::subprocess::{Command, Error, call};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};

use crate::process::{a_joined_thread_does_not_count, a_threaded_process_is_refused};

pub(crate) const CHECKS: &[Check] = checks![
    threads_are_counted_without_unshare,
    who_may_start_nothing_is_told,
];

/// Makes a system call fail in this process, and all that it starts.
fn forbid(call: libc::c_long, error: Errno) {
    let op = |code, k, jf| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: 0,
        jf,
        k,
    };
    let call = u32::try_from(call).unwrap();
    let refuse = libc::SECCOMP_RET_ERRNO | (error as i32).cast_unsigned();
    let mut filter = [
        // The call's number comes first in what a filter gets to see.
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call, 1),
        op(libc::BPF_RET | libc::BPF_K, refuse, 0),
        op(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
    ];
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap(),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: sets a flag of this process, and reads the filter.
    #[expect(unsafe_code, reason = "a filter has no safe form")]
    let set = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            | libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program)
    };
    assert_eq!(set, 0, "{}", io::Error::last_os_error());
}

/// The call that usually counts them is not known to a sandbox, or forbidden.
fn threads_are_counted_without_unshare() {
    for error in [Errno::EPERM, Errno::ENOSYS] {
        let child = Process::spawn("filtered", move || {
            forbid(libc::SYS_unshare, error);
            assert_eq!(unshare(CloneFlags::empty()), Err(error));
            assert_eq!(thread_count().unwrap(), 1);
            a_threaded_process_is_refused();
            a_joined_thread_does_not_count();
        });
        child.unwrap().join_success().unwrap();
    }
}

fn who_may_start_nothing_is_told() {
    let mut command = Command::new("true");
    forbid(libc::SYS_clone3, Errno::ENOSYS);
    assert!(call(&mut command).unwrap().success());
    Process::spawn("child", || ())
        .unwrap()
        .join_success()
        .unwrap();
    forbid(libc::SYS_clone, Errno::EPERM);
    match call(&mut command) {
        Err(Error::Start { error, .. }) => assert_eq!(error.raw_os_error(), Some(libc::EPERM)),
        other => panic!("{other:?}"),
    }
    match Process::spawn("never", || ()) {
        Err(SpawnError::System(error)) => assert_eq!(error.raw_os_error(), Some(libc::EPERM)),
        other => panic!("{other:?}"),
    }
}
