//! Initializers, refused starts, limits.

use std::fs;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks, until};
use multiproc::pool::{Pool, PoolBuilder, PoolError, StartError, TaskError};
use multiproc::process::{Died, ExitStatus, SpawnError};
use multiproc::shared::Shared;
use nix::sys::resource::Resource;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use crate::{assert_no_child, pid_of};

pub(crate) const CHECKS: &[Check] = checks![
    the_initializer_runs_in_each_worker,
    each_worker_starts_afresh,
    a_failing_initializer_is_an_error,
    replaced_workers_do_not_add_up_to_a_failing_initializer,
    an_initializers_error_and_panic_are_told,
    killed_newborns_end_no_pool,
    a_refused_fork_is_tried_again,
    when_no_worker_can_be_forked_the_pool_says_so,
    a_threaded_process_is_refused,
    pools_one_after_the_other,
    no_workers_are_refused,
    a_limit_on_descriptors_is_a_clear_error,
    a_limit_on_processes_is_a_clear_error,
];

fn the_initializer_runs_in_each_worker() {
    let started = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = PoolBuilder::new()
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

/// Signals and exit handlers, in the first workers and in those that take over.
fn each_worker_starts_afresh() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    extern "C" fn at_exit() {
        multiproc::process::exit_now(99);
    }
    // SAFETY: the handlers live as long as the process, and touch no memory.
    #[expect(unsafe_code, reason = "a signal's or exit's handler is unsafe to set")]
    unsafe {
        for signal in (1..=64).filter(|signal| !matches!(signal, 9 | 13 | 19 | 32 | 33)) {
            assert_ne!(
                libc::signal(
                    signal,
                    nothing as extern "C" fn(libc::c_int) as libc::sighandler_t
                ),
                libc::SIG_ERR
            );
        }
        libc::atexit(at_exit);
    }
    SigSet::all().thread_block().unwrap();
    let pool = PoolBuilder::new()
        .workers(2)
        .max_tasks_per_child(1)
        .build(|exit: bool| {
            if exit {
                process::exit(4);
            }
            let status = fs::read_to_string("/proc/self/status").unwrap();
            ["SigBlk:", "SigCgt:", "SigIgn:"].map(|what| {
                let line = status.lines().find_map(|line| line.strip_prefix(what));
                u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
            })
        })
        .unwrap();
    for _ in 0..6 {
        let [blocked, caught, ignored] = pool.apply(false).unwrap();
        // 32 and 33 are the C library's: what posix_spawn(3) starts ignores them.
        let ignored = ignored & !(0b11 << 31);
        let wanted = 1 << (libc::SIGINT - 1) | 1 << (libc::SIGPIPE - 1);
        assert_eq!((blocked, caught, ignored), (0, 0, wanted));
    }
    match pool.apply(true) {
        Err(TaskError::WorkerDied { died, .. }) => assert_eq!(died.status, ExitStatus::Code(4)),
        other => panic!("{other:?}"),
    }
    pool.close().join().unwrap();
}

fn a_failing_initializer_is_an_error() {
    let pool = PoolBuilder::new()
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
    let pool = PoolBuilder::new()
        .workers(8)
        .initializer(|| {
            // Four, but never two in a row: the first eight begin together, and
            // those in the place of one that failed are well.
            let start = starts.fetch_add(1, Ordering::SeqCst);
            while starts.load(Ordering::SeqCst) < 8 {
                thread::yield_now();
            }
            if start < 8 && start % 2 == 1 {
                process::exit(7);
            }
        })
        .build(|n: u32| n)
        .unwrap();
    until("each has another in its place", || {
        starts.load(Ordering::SeqCst) == 12
    });
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
    let pool = PoolBuilder::default().build(|n: u32| n).unwrap();
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

fn an_initializers_error_and_panic_are_told() {
    let of = |builder: PoolBuilder<'_>| {
        let pool = builder.workers(1).build(|n: u32| n).unwrap();
        let error = pool.apply(1).unwrap_err();
        let TaskError::Broken(PoolError::Initializer(died)) = &error else {
            panic!("{error}");
        };
        assert!(format!("{error:?}").contains("their initializer fails: process 'pool-worker'"));
        died.status
    };
    let failing = PoolBuilder::new().initializer(|| Err::<(), _>("no database"));
    assert_eq!(of(failing), ExitStatus::Code(1));
    let panicking = PoolBuilder::new().initializer(|| panic!("on purpose"));
    assert_eq!(of(panicking), ExitStatus::Code(101));
    let crashing = PoolBuilder::new().initializer(|| process::abort());
    assert_eq!(of(crashing), ExitStatus::Signal(6));
}

/// By an outsider, that is, which is no failure of theirs.
fn killed_newborns_end_no_pool() {
    let newborn = Shared::new(AtomicU32::new(0)).unwrap();
    let hold = Shared::new(AtomicU32::new(1)).unwrap();
    let pool = PoolBuilder::new()
        .workers(1)
        .initializer(|| {
            newborn.store(process::id(), Ordering::SeqCst);
            while hold.load(Ordering::SeqCst) == 1 {
                thread::yield_now();
            }
        })
        .build(|n: u32| n)
        .unwrap();
    let result = pool.apply_async(1);
    for _ in 0..12 {
        let mut pid = 0;
        while pid == 0 {
            thread::yield_now();
            pid = newborn.swap(0, Ordering::SeqCst);
        }
        kill(pid_of(pid), Signal::SIGKILL).unwrap();
    }
    hold.store(0, Ordering::SeqCst);
    assert_eq!(result.get_timeout(Duration::from_secs(60)), Ok(1));
    pool.close().join().unwrap();
}

/// Fewer than the helper has open, and enough to poll those that it waits for.
const FEW: u64 = 3;

/// Lets this pool's helper fork no more, or again.
fn allow_descriptors(helper: Pid, most: u64) {
    let (_, hard) = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: hard,
    };
    // SAFETY: sets a limit of another process; `limit` is read only.
    #[expect(unsafe_code, reason = "prlimit(2) has no safe form")]
    let set = unsafe {
        let (pid, what) = (helper.as_raw(), libc::RLIMIT_NOFILE);
        libc::prlimit(pid, what, &limit, std::ptr::null_mut())
    };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

fn a_refused_fork_is_tried_again() {
    let pool = Pool::new(1, |n: u32| match n {
        0 => process::exit(0),
        _ => nix::unistd::getppid().as_raw(),
    })
    .unwrap();
    let helper = Pid::from_raw(pool.apply(1).unwrap());
    allow_descriptors(helper, FEW);
    assert!(pool.apply(0).is_err());
    let result = pool.apply_async(1);
    assert!(!result.wait(Duration::from_millis(500)));
    allow_descriptors(helper, 1000);
    let parent = result.get_timeout(Duration::from_secs(60));
    assert_eq!(parent, Ok(helper.as_raw()));
    assert_eq!(pool.apply(1), Ok(helper.as_raw()));
    pool.close().join().unwrap();
}

fn when_no_worker_can_be_forked_the_pool_says_so() {
    let pool = Pool::new(2, |n: u32| match n {
        0 => process::exit(0),
        _ => nix::unistd::getppid().as_raw(),
    })
    .unwrap();
    allow_descriptors(Pid::from_raw(pool.apply(1).unwrap()), FEW);
    for _ in 0..2 {
        let error = pool.apply(0).unwrap_err();
        assert!(matches!(error, TaskError::WorkerDied { .. }), "{error}");
    }
    let Err(TaskError::Broken(PoolError::Fork(reason))) = pool.apply(1) else {
        panic!("the pool should be broken");
    };
    assert!(reason.starts_with("Too many open files"), "{reason}");
    assert_eq!(pool.close().join(), Err(PoolError::Fork(reason.clone())));
    assert_no_child();
}
