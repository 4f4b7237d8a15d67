//! Nobody is left behind: workers, and what tasks have started.

use std::io::{PipeWriter, Read, Write};
use std::process::{Command, id};
use std::thread;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolBuilder, PoolError, TaskError};
use multiproc::process::{Process, exit_now};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, Uid, fork};

use crate::assert_no_child;

pub(crate) const CHECKS: &[Check] = checks![
    a_copy_in_a_raw_forks_child_ends_nothing,
    a_copy_in_a_daemon_ends_nothing,
    an_initializer_that_changes_the_user_leaves_no_worker,
    a_task_that_wants_no_signal_leaves_no_worker,
    a_stopped_helper_leaves_no_worker,
    a_killed_helper_leaves_no_idle_worker,
    a_parent_that_gave_up_its_privileges_leaves_no_worker,
    what_a_task_started_ends_with_the_pool,
    what_a_task_started_ends_with_the_program,
    what_a_task_started_outlives_an_orderly_end,
];

/// This needs the right to make namespaces.
pub(crate) const IGNORED: &[Check] = checks![a_pool_in_a_new_pid_namespace];

#[expect(unsafe_code, reason = "a fork that the library does not know of")]
fn raw_fork() -> ForkResult {
    // SAFETY: the child uses its copy of the pool, the point of these checks,
    // and ends in `_exit`.
    unsafe { fork() }.unwrap()
}

fn a_copy_in_a_raw_forks_child_ends_nothing() {
    let pool = Pool::new(2, |n: u32| n).unwrap();
    let terminator = pool.terminator();
    for what in 0..4 {
        match raw_fork() {
            ForkResult::Parent { child } => {
                let status = nix::sys::wait::waitpid(child, None).unwrap();
                let expected = nix::sys::wait::WaitStatus::Exited(child, 0);
                assert_eq!(status, expected, "{what}");
            }
            ForkResult::Child => {
                match what {
                    0 => drop(pool),
                    1 => pool.terminate(),
                    2 => terminator.abandon(),
                    _ => {
                        let refused = pool.apply(1);
                        assert!(
                            matches!(refused, Err(TaskError::Broken(PoolError::Foreign(_)))),
                            "{refused:?}"
                        );
                        let joined = pool.close().join();
                        assert!(matches!(joined, Err(PoolError::Foreign(_))), "{joined:?}");
                    }
                }
                exit_now(0);
            }
        }
    }
    assert_eq!(pool.apply(7), Ok(7));
    // With threads there, and a table that they use.
    if let ForkResult::Child = raw_fork() {
        drop(pool.map_async(0..10, None));
        drop(pool);
        exit_now(0);
    }
    nix::sys::wait::wait().unwrap();
    assert_eq!(pool.map(0..3, None).unwrap(), [0, 1, 2]);
    pool.close().join().unwrap();
    assert_no_child();
}

/// daemon(3) forks, and the first process exits: here, its copy stays.
fn a_copy_in_a_daemon_ends_nothing() {
    let (mut read, write) = std::io::pipe().unwrap();
    let parent = Process::spawn("parent", move || {
        let pool = Pool::new(1, |n: u32| n).unwrap();
        nix::unistd::daemon(true, true).unwrap();
        let refused = pool.apply(1);
        let foreign = matches!(refused, Err(TaskError::Broken(PoolError::Foreign(_))));
        drop(pool);
        (&write).write_all(&[u8::from(foreign)]).unwrap();
    })
    .unwrap();
    parent.join_success().unwrap();
    let mut all = Vec::new();
    // To its end: nobody is there any more.
    read.read_to_end(&mut all).unwrap();
    assert_eq!(all, [1]);
}

/// Starts a program in a process of its own, waits until it says something, and
/// kills it; returns when nobody has the pipe any more that it got.
fn kill_program(program: impl FnOnce(&PipeWriter)) {
    let (mut read, write) = std::io::pipe().unwrap();
    let program = Process::spawn("program", move || {
        program(&write);
        loop {
            thread::park();
        }
    })
    .unwrap();
    read.read_exact(&mut [0]).unwrap();
    program.kill().unwrap();
    program.join().unwrap();
    read.read_to_end(&mut Vec::new()).unwrap();
}

fn nobody() -> Uid {
    Uid::from_raw(65_533)
}

fn an_initializer_that_changes_the_user_leaves_no_worker() {
    if !Uid::effective().is_root() {
        return; // nothing to change
    }
    kill_program(|pipe| {
        let pool = PoolBuilder::new()
            .workers(2)
            .initializer(|| nix::unistd::setuid(nobody()))
            .build(|n: u32| n)
            .unwrap();
        assert_eq!(pool.apply(3), Ok(3));
        (&*pipe).write_all(b"!").unwrap();
        std::mem::forget(pool);
    });
}

fn a_task_that_wants_no_signal_leaves_no_worker() {
    kill_program(|pipe| {
        let pool = Pool::new(2, |n: u32| {
            prctl::set_pdeathsig(None).unwrap();
            if n == 1 {
                (&*pipe).write_all(b"!").unwrap();
                loop {
                    thread::park();
                }
            }
        })
        .unwrap();
        pool.apply(0).unwrap();
        std::mem::forget((pool.apply_async(1), pool));
    });
}

fn a_stopped_helper_leaves_no_worker() {
    kill_program(|pipe| {
        let pool = Pool::new(2, |()| nix::unistd::getppid().as_raw()).unwrap();
        let helper = pool.apply(()).unwrap();
        kill(Pid::from_raw(helper), Signal::SIGSTOP).unwrap();
        (&*pipe).write_all(b"!").unwrap();
        std::mem::forget(pool);
    });
}

fn a_killed_helper_leaves_no_idle_worker() {
    let (mut read, write) = std::io::pipe().unwrap();
    let pool = Pool::new(2, |()| {
        prctl::set_pdeathsig(None).unwrap();
        nix::unistd::getppid().as_raw()
    })
    .unwrap();
    let _ = pool.map([(); 20], Some(1)).unwrap();
    kill(Pid::from_raw(pool.apply(()).unwrap()), Signal::SIGKILL).unwrap();
    drop(write);
    read.read_to_end(&mut Vec::new()).unwrap();
    assert!(pool.close().join().is_err());
}

fn a_parent_that_gave_up_its_privileges_leaves_no_worker() {
    if !Uid::effective().is_root() {
        return; // nothing to give up
    }
    // The kernel's signal does not reach those who have kept theirs.
    kill_program(|pipe| {
        let pool = Pool::new(2, |n: u32| n).unwrap();
        nix::unistd::setuid(nobody()).unwrap();
        assert_eq!(pool.apply(3), Ok(3));
        (&*pipe).write_all(b"!").unwrap();
        std::mem::forget(pool);
    });
    // And it still ends its pool, and reaps.
    let program = Process::spawn("program", || {
        let pool = Pool::new(2, |()| thread::park()).unwrap();
        nix::unistd::setuid(nobody()).unwrap();
        let _busy = pool.apply_async(());
        drop(pool);
        assert_no_child();
    });
    program.unwrap().join_success().unwrap();
}

/// A task starts a program, and that another one, in a session of its own; both
/// hold the pipe.
fn start_a_family(pipe: &PipeWriter) {
    let sleeps = Command::new("sh")
        .args(["-c", "setsid sleep 1000 & echo; sleep 1000; wait"])
        .stdout(pipe.try_clone().unwrap())
        .spawn();
    // Left alone, as a task does that forgets it.
    drop(sleeps.unwrap());
}

fn what_a_task_started_ends_with_the_pool() {
    let (mut read, write) = std::io::pipe().unwrap();
    let pool = Pool::new(2, |()| start_a_family(&write)).unwrap();
    pool.apply(()).unwrap();
    pool.apply(()).unwrap();
    read.read_exact(&mut [0, 0]).unwrap();
    drop(pool);
    drop(write);
    read.read_to_end(&mut Vec::new()).unwrap();
}

fn what_a_task_started_ends_with_the_program() {
    kill_program(|pipe| {
        let pool = Pool::new(2, |()| {
            start_a_family(pipe);
            id()
        })
        .unwrap();
        // A worker that has died before does not matter.
        let worker = pool.apply(()).unwrap();
        kill(Pid::from_raw(worker.cast_signed()), Signal::SIGKILL).unwrap();
        pool.apply_async(());
        std::mem::forget(pool);
    });
}

fn what_a_task_started_outlives_an_orderly_end() {
    let (mut read, write) = std::io::pipe().unwrap();
    let pool = Pool::new(1, |()| {
        let sleep = Command::new("sh")
            .args(["-c", "echo; exec sleep 1000"])
            .stdout(write.try_clone().unwrap())
            .spawn();
        sleep.unwrap().id()
    })
    .unwrap();
    let sleep = Pid::from_raw(pool.apply(()).unwrap().cast_signed());
    read.read_exact(&mut [0]).unwrap();
    pool.close().join().unwrap();
    kill(sleep, Signal::SIGKILL).unwrap();
    drop(write);
    read.read_to_end(&mut Vec::new()).unwrap();
}

fn a_pool_in_a_new_pid_namespace() {
    use nix::sched::{CloneFlags, unshare};
    if unshare(CloneFlags::CLONE_NEWPID).is_err() {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID)
            .expect("needs the right to make a PID namespace");
    }
    // The first process there; it reaps what comes to it.
    let program = Process::spawn("program", || {
        assert_eq!(id(), 1);
        let pool = Pool::new(3, |n: u32| {
            if n == 5 {
                exit_now(5);
            }
            n
        })
        .unwrap();
        let results: Vec<_> = pool.imap(0..100, 1).collect();
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        assert!(matches!(
            results[5],
            Err(TaskError::WorkerDied { task: 5, .. })
        ));
        pool.close().join().unwrap();
        let pool = Pool::new(2, |()| drop(Command::new("sleep").arg("1000").spawn())).unwrap();
        pool.apply(()).unwrap();
        drop(pool);
        assert_no_child();
    });
    let program = program.unwrap();
    // Outside, where the kernel refuses threads from here on, the helper would
    // be beside the first process there.
    let pool = Pool::new(2, |n: u32| n).unwrap();
    let refused = pool.apply(1);
    assert!(
        matches!(refused, Err(TaskError::Broken(PoolError::Threads(_)))),
        "{refused:?}"
    );
    drop(pool);
    program.join_success().unwrap();
}
