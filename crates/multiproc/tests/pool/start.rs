//! Initializers, refused starts, limits.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::pool::{Builder, Pool, PoolError, StartError, TaskError};
use multiproc::process::{Died, ExitStatus, SpawnError};
use multiproc::shared::Shared;

use crate::assert_no_child;

pub(crate) const CHECKS: &[Check] = checks![
    the_initializer_runs_in_each_worker,
    a_failing_initializer_is_an_error,
    replaced_workers_do_not_add_up_to_a_failing_initializer,
    a_threaded_process_is_refused,
    pools_one_after_the_other,
    no_workers_are_refused,
    a_limit_on_descriptors_is_a_clear_error,
    a_limit_on_processes_is_a_clear_error,
];

fn the_initializer_runs_in_each_worker() {
    let started = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Builder::new()
        .workers(3)
        .initializer(|| {
            started.fetch_add(1, Ordering::SeqCst);
        })
        .build(|()| started.load(Ordering::SeqCst))
        .unwrap();
    assert!(pool.apply(()).unwrap() >= 1);
    pool.close().join().unwrap();
    assert_eq!(started.load(Ordering::SeqCst), 3);
}

fn a_failing_initializer_is_an_error() {
    let pool = Builder::new()
        .workers(2)
        .initializer(|| process::exit(7))
        .build(|n: u32| n)
        .unwrap();
    let result = pool.apply_async(1);
    let Err(TaskError::Broken(PoolError::Initializer(died))) = result.get() else {
        panic!("the pool should be broken");
    };
    assert_eq!(died.status, ExitStatus::Code(7));
    let error = pool.apply(2).unwrap_err();
    assert!(matches!(error, TaskError::Broken(_)));
    // Who reports the error looks there for a reader that has gone (SIGPIPE).
    let source = std::error::Error::source(&error);
    let source = source.and_then(|source| source.downcast_ref::<Died>());
    assert_eq!(source, Some(&died));
    assert!(pool.close().join().is_err());
    assert_no_child();
}

fn replaced_workers_do_not_add_up_to_a_failing_initializer() {
    let starts = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Builder::new()
        .workers(8)
        .initializer(|| {
            // Four, but never two in a row.
            let start = starts.fetch_add(1, Ordering::SeqCst);
            if start < 8 && start % 2 == 1 {
                process::exit(7);
            }
        })
        .build(|n: u32| n)
        .unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(pool.apply(1), Ok(1));
    pool.close().join().unwrap();
}

fn a_threaded_process_is_refused() {
    let (stop, wait) = mpsc::channel::<()>();
    let other = thread::spawn(move || wait.recv());
    let Err(error) = Pool::new(1, |n: u32| n) else {
        panic!("it should be refused");
    };
    assert!(matches!(
        error,
        StartError::Helper(SpawnError::MultiThreaded { threads: 2 })
    ));
    let text = format!("{:#}", anyhow::Error::from(error));
    assert!(
        text.contains("start processes and pools before threads"),
        "{text}"
    );
    drop(stop);
    let _ = other.join().unwrap();
}

fn pools_one_after_the_other() {
    // Several are made before the first task starts threads.
    let double = Pool::new(1, |n: u32| n * 2).unwrap();
    let triple = Pool::new(1, |n: u32| n * 3).unwrap();
    assert_eq!(double.apply(5).unwrap() + triple.apply(5).unwrap(), 25);
    assert!(Pool::new(1, |n: u32| n).is_err());
    double.close().join().unwrap();
    triple.close().join().unwrap();
    // Their threads are gone with them.
    for n in 0..20 {
        let pool = Pool::new(1, move |m: u32| n + m).unwrap();
        assert_eq!(pool.apply(1).unwrap(), n + 1);
        pool.close().join().unwrap();
    }
}

fn no_workers_are_refused() {
    assert!(matches!(Pool::new(0, |n: u32| n), Err(StartError::Workers)));
    assert!(matches!(
        Pool::new(usize::MAX, |n: u32| n),
        Err(StartError::Workers)
    ));
    let pool = Builder::default().build(|n: u32| n).unwrap();
    assert_eq!(pool.workers(), num_cpus::get());
    pool.close().join().unwrap();
}

fn a_limit_on_descriptors_is_a_clear_error() {
    use nix::sys::resource::{Resource, setrlimit};
    setrlimit(Resource::RLIMIT_NOFILE, 20, 20).unwrap();
    let Err(error) = Pool::new(64, |n: u32| n) else {
        panic!("it should be refused");
    };
    let text = error.to_string();
    assert!(
        matches!(error, StartError::Worker { workers: 64, .. }),
        "{text}"
    );
    assert!(text.contains("of 64: Too many open files"), "{text}");
    assert_no_child();
}

fn a_limit_on_processes_is_a_clear_error() {
    use nix::sys::resource::{Resource, setrlimit};
    setrlimit(Resource::RLIMIT_NPROC, 10, 10).unwrap();
    // The limit does not bind root; and it counts all of a user's processes.
    if nix::unistd::geteuid().is_root() {
        nix::unistd::setuid(nix::unistd::Uid::from_raw(65_533)).unwrap();
    }
    let Err(error) = Pool::new(64, |n: u32| n) else {
        panic!("it should be refused");
    };
    // Already the helper may be one too many.
    let text = format!("{:#}", anyhow::Error::from(error));
    assert!(
        text.starts_with("cannot start ") && text.contains("temporarily unavailable"),
        "{text}"
    );
    assert_no_child();
}
