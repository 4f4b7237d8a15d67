//! How a pool ends, and that nobody is left.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolError, TaskError};
use multiproc::process::{ExitStatus, Process};
use multiproc::shared::Shared;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{assert_no_child, pid_of};

pub(crate) const CHECKS: &[Check] = checks![
    drop_leaves_nobody,
    terminate_ends_waiting_tasks,
    a_killed_helper_is_an_error,
    a_childs_copy_of_a_pool_is_not_used,
];

fn drop_leaves_nobody() {
    let pids = Shared::slice(3, |_| AtomicU32::new(0)).unwrap();
    let pool = Pool::new(3, |n: usize| {
        pids[n].store(process::id(), Ordering::SeqCst);
        loop {
            thread::park();
        }
        #[expect(unreachable_code, reason = "the task's type is that of this value")]
        ()
    })
    .unwrap();
    let busy: Vec<_> = (0..3).map(|n| pool.apply_async(n)).collect();
    while pids.iter().any(|pid| pid.load(Ordering::SeqCst) == 0) {
        thread::yield_now();
    }
    drop(pool);
    assert_no_child();
    for pid in pids.iter() {
        let pid = pid_of(pid.load(Ordering::SeqCst));
        assert_eq!(kill(pid, None), Err(nix::errno::Errno::ESRCH));
    }
    assert!(
        busy.into_iter()
            .all(|result| result.get() == Err(TaskError::Terminated))
    );
    assert_eq!(multiproc::process::thread_count().unwrap(), 1);
}

fn terminate_ends_waiting_tasks() {
    let pool = Pool::new(1, |()| thread::park()).unwrap();
    let results: Vec<_> = (0..100).map(|_| pool.apply_async(())).collect();
    let map = pool.map_async(vec![(); 100], Some(7));
    pool.close().terminate();
    assert!(
        results
            .into_iter()
            .all(|result| result.get() == Err(TaskError::Terminated))
    );
    assert_eq!(map.get(), Err(TaskError::Terminated));
}

fn a_killed_helper_is_an_error() {
    let pool = Pool::new(2, |()| nix::unistd::getppid().as_raw()).unwrap();
    let helper = pool.apply(()).unwrap();
    kill(Pid::from_raw(helper), Signal::SIGKILL).unwrap();
    // Some may still be done by a worker that is about to follow.
    let died = loop {
        match pool.apply(()) {
            Ok(_) => {}
            Err(TaskError::Broken(PoolError::Helper(died))) => break died,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(died.status, ExitStatus::Signal(9));
    assert!(matches!(pool.close().join(), Err(PoolError::Helper(_))));
    assert_no_child();
}

fn a_childs_copy_of_a_pool_is_not_used() {
    let mut pool = Some(Pool::new(2, |n: u32| n).unwrap());
    let child = Process::spawn("child", || {
        let outcome = pool.as_ref().unwrap().apply(1);
        assert!(
            matches!(outcome, Err(TaskError::Broken(PoolError::Foreign(_)))),
            "{outcome:?}"
        );
        drop(pool.take());
    });
    child.unwrap().join_success().unwrap();
    let pool = pool.unwrap();
    assert_eq!(pool.apply(2), Ok(2));
    pool.close().join().unwrap();
}
