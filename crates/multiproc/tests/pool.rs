//! The pool's promises, checked in processes that fork.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::testing::{Check, run_checks};
use multiproc::pool::{Builder, Pool, PoolError, StartError, TaskError};
use multiproc::process::{Died, ExitStatus, Process, SpawnError};
use multiproc::shared::Shared;
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

fn main() {
    run_checks(CHECKS);
}

const CHECKS: &[Check] = &[
    ("results_come_back", results_come_back),
    ("any_closure_is_a_task", any_closure_is_a_task),
    (
        "map_keeps_the_order_and_every_chunk_size",
        map_keeps_the_order,
    ),
    ("a_large_map_fits_in_chunks", a_large_map_fits_in_chunks),
    (
        "imap_reads_only_a_bounded_way_ahead",
        imap_reads_a_bounded_way_ahead,
    ),
    ("imap_unordered_gives_all", imap_unordered_gives_all),
    ("an_async_result_can_be_asked", an_async_result_can_be_asked),
    ("callbacks_run_here", callbacks_run_here),
    (
        "a_callback_may_add_tasks_and_panic",
        a_callback_may_add_tasks_and_panic,
    ),
    (
        "the_initializer_runs_in_each_worker",
        the_initializer_runs_in_each_worker,
    ),
    (
        "a_failing_initializer_is_an_error",
        a_failing_initializer_is_an_error,
    ),
    ("max_tasks_per_child_replaces_workers", max_tasks_per_child),
    (
        "a_dead_worker_fails_its_own_task",
        a_dead_worker_fails_its_own_task,
    ),
    ("a_worker_killed_from_outside", a_worker_killed_from_outside),
    (
        "idle_workers_killed_lose_nothing",
        idle_workers_killed_lose_nothing,
    ),
    (
        "a_death_in_a_map_names_the_task",
        a_death_in_a_map_names_the_task,
    ),
    ("retries_are_tried", retries_are_tried),
    ("a_panic_is_the_tasks_error", a_panic_is_the_tasks_error),
    ("a_result_that_cannot_be_sent", a_result_that_cannot_be_sent),
    (
        "an_argument_that_cannot_be_sent",
        an_argument_that_cannot_be_sent,
    ),
    ("tasks_from_several_threads", tasks_from_several_threads),
    (
        "a_threaded_process_is_refused",
        a_threaded_process_is_refused,
    ),
    ("pools_one_after_the_other", pools_one_after_the_other),
    ("no_workers_are_refused", no_workers_are_refused),
    ("drop_leaves_nobody", drop_leaves_nobody),
    ("terminate_ends_waiting_tasks", terminate_ends_waiting_tasks),
    ("a_killed_helper_is_an_error", a_killed_helper_is_an_error),
    (
        "many_outstanding_tasks_take_bounded_resources",
        many_outstanding_tasks,
    ),
    (
        "a_limit_on_descriptors_is_a_clear_error",
        a_limit_is_a_clear_error,
    ),
    (
        "a_limit_on_processes_is_a_clear_error",
        a_process_limit_is_a_clear_error,
    ),
    ("chaos_every_task_ends_once", chaos),
    ("a_childs_copy_of_a_pool_is_not_used", a_childs_copy),
    (
        "replaced_workers_do_not_add_up_to_a_failing_initializer",
        an_initializer_that_fails_now_and_then,
    ),
    ("a_small_queue_carries_its_errors", a_small_queue),
    ("one_large_result_spares_its_chunk", one_large_result),
    ("a_resumed_panic_keeps_its_message", a_resumed_panic),
    (
        "an_argument_that_panics_on_arrival_is_its_own_error",
        an_argument_that_panics_on_arrival,
    ),
    (
        "a_death_never_names_an_earlier_jobs_task",
        a_death_between_jobs,
    ),
    (
        "an_error_callback_may_wait_for_another_task",
        an_error_callback_may_wait,
    ),
    (
        "error_callbacks_run_on_the_callback_thread",
        error_callbacks_run_on_one_thread,
    ),
    (
        "a_result_that_panics_on_arrival_is_its_own_error",
        a_result_that_panics_on_arrival,
    ),
];

fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(pid.cast_signed())
}

/// No child is left, running or as a zombie.
fn assert_no_child() {
    assert_eq!(nix::sys::wait::wait(), Err(nix::errno::Errno::ECHILD));
}

fn results_come_back() {
    let pool = Pool::new(2, |n: u64| n * n).unwrap();
    assert_eq!(pool.workers(), 2);
    assert_eq!(pool.apply(7).unwrap(), 49);
    let results: Vec<_> = (0..1000).map(|n| pool.apply_async(n)).collect();
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(result.get().unwrap(), (n * n) as u64);
    }
    pool.close().join().unwrap();
    assert_no_child();
}

fn any_closure_is_a_task() {
    let table = vec!["zero".to_string(), "one".to_string()];
    let by_reference = &table;
    let pool = Pool::new(2, |n: usize| by_reference[n].clone()).unwrap();
    assert_eq!(pool.map([1, 0, 1], None).unwrap(), ["one", "zero", "one"]);
    pool.close().join().unwrap();
}

fn map_keeps_the_order() {
    let pool = Pool::new(3, |n: u32| n + 1).unwrap();
    for chunk in [None, Some(0), Some(1), Some(7), Some(1000), Some(5000)] {
        let expected: Vec<u32> = (1..=1000).collect();
        assert_eq!(pool.map(0..1000, chunk).unwrap(), expected, "{chunk:?}");
    }
    assert_eq!(pool.map([], None).unwrap(), []);
    assert_eq!(pool.map(0..1_000_000, None).unwrap().len(), 1_000_000);
    let later = pool.map_async(0..10, Some(2));
    assert!(later.wait(Duration::from_secs(60)));
    assert_eq!(later.successful(), Some(true));
    assert_eq!(later.get().unwrap(), (1..=10).collect::<Vec<_>>());
    pool.close().join().unwrap();
}

fn a_large_map_fits_in_chunks() {
    let pool = Pool::new(2, |text: String| text).unwrap();
    let texts = (0..100_000).map(|n| format!("{n:0100}"));
    let back = pool.map(texts.clone(), None).unwrap();
    assert!(back.into_iter().eq(texts));
    let Err(TaskError::BadArgument { reason, .. }) =
        pool.map((0..100_000).map(|n| format!("{n:0100}")), Some(100_000))
    else {
        panic!("it should not fit");
    };
    assert!(reason.starts_with("in a chunk of 100000: "), "{reason}");
    pool.close().join().unwrap();
}

fn imap_reads_a_bounded_way_ahead() {
    let pool = Pool::new(2, |n: u64| n * 2).unwrap();
    let read = AtomicUsize::new(0);
    let endless = (0..).inspect(|_| {
        read.fetch_add(1, Ordering::SeqCst);
    });
    let mut results = pool.imap(endless, 5);
    for n in 0..1000_u64 {
        assert_eq!(results.next().unwrap().unwrap(), n * 2);
        let ahead = read.load(Ordering::SeqCst) - n as usize;
        assert!(ahead <= 4 * 2 * 5 + 5, "{ahead} ahead");
    }
    drop(results);
    assert_eq!(
        pool.imap(0..3, 0).map(Result::unwrap).collect::<Vec<_>>(),
        [0, 2, 4]
    );
    pool.close().join().unwrap();
}

fn imap_unordered_gives_all() {
    let pool = Pool::new(2, |n: u64| n * 2).unwrap();
    let mut all: Vec<_> = pool.imap_unordered(0..500, 3).map(Result::unwrap).collect();
    all.sort_unstable();
    assert_eq!(all, (0..500).map(|n| n * 2).collect::<Vec<_>>());
    pool.close().join().unwrap();
}

fn an_async_result_can_be_asked() {
    let gate = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Pool::new(1, |n: u32| {
        while gate.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        n
    })
    .unwrap();
    let result = pool.apply_async(5);
    assert!(!result.ready());
    assert_eq!(result.successful(), None);
    assert!(!result.wait(Duration::from_millis(5)));
    assert_eq!(
        result.get_timeout(Duration::from_millis(5)),
        Err(TaskError::Timeout)
    );
    gate.store(1, Ordering::SeqCst);
    assert!(result.wait(Duration::from_secs(60)));
    assert_eq!(result.successful(), Some(true));
    assert_eq!(result.get_timeout(Duration::ZERO), Ok(5));
    assert_eq!(result.get_timeout(Duration::ZERO), Err(TaskError::Taken));
    pool.close().join().unwrap();
}

fn callbacks_run_here() {
    let pool = Pool::new(2, |n: u32| {
        assert!(n < 10, "{n} is too large");
        (n, process::id())
    })
    .unwrap();
    let (sender, heard) = mpsc::channel();
    let (good, bad) = (sender.clone(), sender);
    let here = process::id();
    let result = pool
        .task(3)
        .callback(move |(n, worker)| {
            assert_ne!(*worker, here);
            good.send(format!("{n} in {}", process::id() == here))
                .unwrap();
        })
        .submit();
    // Called before the result can be got.
    assert_eq!(result.get().unwrap().0, 3);
    assert_eq!(heard.try_recv().unwrap(), "3 in true");
    let result = pool
        .task(11)
        .error_callback(move |error| bad.send(error.to_string()).unwrap())
        .submit();
    assert!(matches!(result.get(), Err(TaskError::Panicked { .. })));
    assert!(heard.try_recv().unwrap().contains("11 is too large"));
    // `join` waits for callbacks, too.
    let count = Arc::new(AtomicU64::new(0));
    for n in 0..10 {
        let count = Arc::clone(&count);
        drop(
            pool.task(n)
                .callback(move |_| {
                    count.fetch_add(1, Ordering::SeqCst);
                })
                .submit(),
        );
    }
    pool.close().join().unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 10);
}

fn a_callback_may_add_tasks_and_panic() {
    std::panic::set_hook(Box::new(|_| {})); // half of them panic
    // A queue that is soon full: a callback that waits for room must not stop
    // the results from being read.
    let pool = Builder::new()
        .workers(1)
        .largest_message(64)
        .build(|n: u32| n)
        .unwrap();
    let pool = Arc::new(pool);
    let (sender, heard) = mpsc::channel();
    for n in 0..50 {
        let (pool_, sender) = (Arc::clone(&pool), sender.clone());
        let task = pool.task(n).callback(move |n| {
            let inner = pool_.apply_async(n + 1000);
            drop(pool_);
            sender.send(inner).unwrap();
            assert!(n % 2 == 0, "on purpose");
        });
        drop(task.submit());
    }
    drop(sender);
    let mut got: Vec<_> = heard.iter().map(|inner| inner.get().unwrap()).collect();
    got.sort_unstable();
    assert_eq!(got, (1000..1050).collect::<Vec<_>>());
    Arc::into_inner(pool).unwrap().close().join().unwrap();
}

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

fn max_tasks_per_child() {
    let pool = Builder::new()
        .workers(2)
        .max_tasks_per_child(3)
        .build(|_: u32| process::id())
        .unwrap();
    let pids = pool.map(0..30, Some(1)).unwrap();
    let distinct: HashSet<_> = pids.iter().collect();
    assert!(distinct.len() >= 10, "{}", distinct.len());
    for pid in distinct {
        assert!(pids.iter().filter(|other| *other == pid).count() <= 3);
    }
    pool.close().join().unwrap();
}

/// What a task may do to its worker.
fn suffer(n: u32) -> u32 {
    match n {
        1 => raise(Signal::SIGKILL).unwrap(),
        2 => process::exit(0),
        3 => process::exit(3),
        4 => process::abort(),
        5 => raise(Signal::SIGSEGV).unwrap(),
        6 => raise(Signal::SIGTERM).unwrap(),
        _ => {}
    }
    n
}

fn a_dead_worker_fails_its_own_task() {
    let pool = Pool::new(3, suffer).unwrap();
    for round in 0..10 {
        let results: Vec<_> = (0..40).map(|n| pool.apply_async(n)).collect();
        for (n, result) in results.into_iter().enumerate() {
            let number = result.number();
            let result = result.get();
            let expected = match n {
                1 => ExitStatus::Signal(9),
                2 => ExitStatus::Code(0),
                3 => ExitStatus::Code(3),
                4 => ExitStatus::Signal(6),
                5 => ExitStatus::Signal(11),
                6 => ExitStatus::Signal(15),
                _ => {
                    assert_eq!(result.unwrap(), n as u32);
                    continue;
                }
            };
            let Err(TaskError::WorkerDied { task, died }) = result else {
                panic!("round {round}, task {n}: {result:?}");
            };
            assert_eq!((task, died.status), (number, expected));
        }
    }
    // At full size again: three tasks that wait for each other get through.
    let meet = Shared::new(AtomicU32::new(0)).unwrap();
    drop(pool);
    let pool = Pool::new(3, |n: u32| {
        if n == 1 {
            return suffer(1);
        }
        meet.fetch_add(1, Ordering::SeqCst);
        while meet.load(Ordering::SeqCst) < 3 {
            thread::yield_now();
        }
        n
    })
    .unwrap();
    for _ in 0..3 {
        assert!(pool.apply(1).is_err());
    }
    assert_eq!(pool.map([5, 6, 7], Some(1)).unwrap(), [5, 6, 7]);
    pool.close().join().unwrap();
    assert_no_child();
}

fn a_worker_killed_from_outside() {
    let started = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Pool::new(2, |n: u32| {
        if n == 0 {
            started.store(process::id(), Ordering::SeqCst);
            thread::park();
        }
        n
    })
    .unwrap();
    let victim = pool.apply_async(0);
    while started.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let pid = started.load(Ordering::SeqCst);
    let others: Vec<_> = (1..100).map(|n| pool.apply_async(n)).collect();
    kill(pid_of(pid), Signal::SIGKILL).unwrap();
    let Err(TaskError::WorkerDied { task: 0, died }) = victim.get() else {
        panic!("it should be lost");
    };
    assert_eq!((died.pid, died.status), (pid, ExitStatus::Signal(9)));
    assert!(
        others
            .into_iter()
            .enumerate()
            .all(|(n, other)| other.get() == Ok(n as u32 + 1))
    );
    pool.close().join().unwrap();
}

fn idle_workers_killed_lose_nothing() {
    let pool = Pool::new(2, |_: u32| process::id()).unwrap();
    for _ in 0..50 {
        let idle = pool.apply(0).unwrap();
        kill(pid_of(idle), Signal::SIGKILL).unwrap();
        // It may be the dying one that takes one of these, and then it says so.
        for result in (0..10).map(|n| pool.apply_async(n)).collect::<Vec<_>>() {
            match result.get() {
                Ok(_) => {}
                Err(TaskError::WorkerDied { died, .. }) => assert_eq!(died.pid, idle),
                Err(error) => panic!("{error}"),
            }
        }
    }
    pool.close().join().unwrap();
}

fn a_death_in_a_map_names_the_task() {
    let pool = Pool::new(2, |n: u32| if n == 57 { suffer(1) } else { n }).unwrap();
    let Err(TaskError::WorkerDied { task, .. }) = pool.map(0..100, Some(10)) else {
        panic!("it should be lost");
    };
    assert_eq!(task, 57);
    let results: Vec<_> = pool.imap(0..100, 10).collect();
    assert_eq!(results.len(), 100);
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 10);
    assert!(
        results
            .iter()
            .enumerate()
            .all(|(n, result)| result.is_err() == (50..60).contains(&n))
    );
    pool.close().join().unwrap();
}

fn retries_are_tried() {
    let tries = Shared::slice(3, |_| AtomicU32::new(0)).unwrap();
    let pool = Builder::new()
        .workers(2)
        .retries(2)
        .build(|n: usize| {
            let before = tries[n].fetch_add(1, Ordering::SeqCst);
            // 0: well at once. 1: well at the third try. 2: never.
            if n == 2 || (n == 1 && before < 2) {
                suffer(1);
            }
            n
        })
        .unwrap();
    let results: Vec<_> = (0..3).map(|n| pool.apply_async(n)).collect();
    let results: Vec<_> = results.into_iter().map(|result| result.get()).collect();
    assert_eq!((&results[0], &results[1]), (&Ok(0), &Ok(1)));
    assert!(matches!(
        results[2],
        Err(TaskError::WorkerDied { task: 2, .. })
    ));
    let tries: Vec<_> = tries
        .iter()
        .map(|tries| tries.load(Ordering::SeqCst))
        .collect();
    assert_eq!(tries, [1, 3, 3]);
    pool.close().join().unwrap();
}

fn a_panic_is_the_tasks_error() {
    let pool = Pool::new(1, |n: u32| {
        assert_ne!(n, 1, "one is not wanted");
        if n == 2 {
            std::panic::panic_any(2_u8);
        }
        process::id()
    })
    .unwrap();
    let worker = pool.apply(0).unwrap();
    let Err(TaskError::Panicked { task: 1, message }) = pool.apply(1) else {
        panic!("it should have panicked");
    };
    assert!(
        message.contains("one is not wanted") && message.contains(file!()),
        "{message}"
    );
    assert!(matches!(pool.apply(2), Err(TaskError::Panicked { .. })));
    // The worker lives.
    assert_eq!(pool.apply(3).unwrap(), worker);
    pool.close().join().unwrap();
}

/// Serialises as something else, or not at all, or with a panic.
#[derive(Debug, PartialEq)]
struct Odd(u32);

impl serde::Serialize for Odd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => Err(serde::ser::Error::custom("on purpose")),
            1 => panic!("while serialising"),
            n => serializer.serialize_u32(n),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            2 => Err(serde::de::Error::custom("does not come back")),
            n => Ok(Odd(n)),
        }
    }
}

fn a_result_that_cannot_be_sent() {
    let pool = Pool::new(1, Odd).unwrap();
    assert!(matches!(
        pool.apply(0),
        Err(TaskError::BadResult { task: 0, .. })
    ));
    assert!(matches!(pool.apply(1), Err(TaskError::Panicked { .. })));
    assert!(matches!(pool.apply(2), Err(TaskError::BadResult { .. })));
    assert_eq!(pool.apply(3), Ok(Odd(3)));
    pool.close().join().unwrap();

    let pool = Builder::new()
        .workers(1)
        .largest_message(1000)
        .build(|n: usize| vec![0_u8; n])
        .unwrap();
    let Err(TaskError::BadResult { task: 0, reason }) = pool.apply(5000) else {
        panic!("it should be too large");
    };
    assert!(reason.contains("too many"), "{reason}");
    assert_eq!(pool.apply(500).unwrap().len(), 500);
    pool.close().join().unwrap();
}

fn an_argument_that_cannot_be_sent() {
    let pool = Builder::new()
        .workers(1)
        .largest_message(1000)
        .build(|bytes: Vec<u8>| bytes.len())
        .unwrap();
    assert!(matches!(
        pool.apply(vec![0; 5000]),
        Err(TaskError::BadArgument { task: 0, .. })
    ));
    assert_eq!(pool.apply(vec![0; 500]), Ok(500));
    pool.close().join().unwrap();
    let pool = Pool::new(1, |odd: Odd| odd.0).unwrap();
    assert!(matches!(
        pool.apply(Odd(0)),
        Err(TaskError::BadArgument { .. })
    ));
    assert!(matches!(
        pool.apply(Odd(2)),
        Err(TaskError::BadArgument { .. })
    ));
    assert_eq!(pool.apply(Odd(3)), Ok(3));
    pool.close().join().unwrap();
}

fn tasks_from_several_threads() {
    let pool = Pool::new(2, |n: u64| n + 1).unwrap();
    thread::scope(|scope| {
        for base in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                for n in 0..500 {
                    assert_eq!(pool.apply(base * 1000 + n).unwrap(), base * 1000 + n + 1);
                }
            });
        }
    });
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

fn drop_leaves_nobody() {
    let pids = Shared::slice(3, |_| AtomicU32::new(0)).unwrap();
    let pool = Pool::new(3, |n: usize| {
        pids[n].store(process::id(), Ordering::SeqCst);
        loop {
            thread::park();
        }
        #[allow(unreachable_code)]
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

fn many_outstanding_tasks() {
    let gate = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Pool::new(2, |n: u64| {
        while gate.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        n
    })
    .unwrap();
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let first = pool.apply_async(0);
    let (fds, memory) = (descriptors(), resident());
    let open = thread::scope(|scope| {
        // 100,000 are more than the queue holds: somebody has to open the gate.
        let opener = scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            let open = (descriptors(), resident());
            gate.store(1, Ordering::SeqCst);
            open
        });
        let results: Vec<_> = (1..100_000).map(|n| pool.apply_async(n)).collect();
        for (n, result) in (1..).zip(results) {
            assert_eq!(result.get().unwrap(), n);
        }
        opener.join().unwrap()
    });
    assert_eq!(first.get().unwrap(), 0);
    assert_eq!(open.0, fds);
    // Entries, handles and the two queues: some hundred bytes a task.
    assert!(
        open.1 < memory + 64 * 1024,
        "{memory} KiB before, {} KiB after",
        open.1
    );
    pool.close().join().unwrap();
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn a_limit_is_a_clear_error() {
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

fn a_process_limit_is_a_clear_error() {
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

/// Workers killed at random: every task ends, once, done or lost with its
/// worker. `CHAOS_ROUNDS=1000` for a long run.
fn chaos() {
    let rounds = std::env::var("CHAOS_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let done = Shared::slice(2000, |_| AtomicU32::new(0)).unwrap();
    let pids = Shared::slice(64, |_| AtomicU32::new(0)).unwrap();
    let pool = Builder::new()
        .workers(4)
        .initializer(|| {
            let pid = process::id();
            pids[pid as usize % pids.len()].store(pid, Ordering::SeqCst);
        })
        .build(|n: usize| {
            done[n].fetch_add(1, Ordering::SeqCst);
            n
        })
        .unwrap();
    for _ in 0..rounds.unwrap_or(20_u32) {
        done.iter()
            .for_each(|count| count.store(0, Ordering::SeqCst));
        let results: Vec<_> = (0..done.len()).map(|n| pool.apply_async(n)).collect();
        for _ in 0..4 {
            thread::sleep(Duration::from_micros(fastrand::u64(..800)));
            let pid = pids[fastrand::usize(..pids.len())].swap(0, Ordering::SeqCst);
            // A worker, unless it has ended; this pool's numbers only.
            if pid != 0 && is_ours(pid) {
                let _ = kill(pid_of(pid), Signal::SIGKILL);
            }
        }
        for (n, result) in results.into_iter().enumerate() {
            let times = match result.get() {
                Ok(m) => {
                    assert_eq!(n, m);
                    1..=1
                }
                // It may have died before the task, in it, or after it.
                Err(TaskError::WorkerDied { .. }) => 0..=1,
                Err(error) => panic!("{error}"),
            };
            assert!(times.contains(&done[n].load(Ordering::SeqCst)));
        }
    }
    pool.close().join().unwrap();
    assert_no_child();
}

fn is_ours(pid: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
    name.is_ok_and(|name| name.trim_end() == "pool-worker")
}

/// Panics when it is read: 1 in the program, 2 in a worker.
#[derive(Debug, PartialEq, serde::Serialize)]
struct Touchy(u32, u32);

impl<'de> serde::Deserialize<'de> for Touchy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (n, home) = <(u32, u32)>::deserialize(deserializer)?;
        let here = process::id();
        assert!(n != 1 || here != home, "touched at home");
        assert!(n != 2 || here == home, "touched abroad");
        Ok(Touchy(n, home))
    }
}

fn a_result_that_panics_on_arrival() {
    std::panic::set_hook(Box::new(|_| {}));
    let home = process::id();
    let pool = Pool::new(1, |n: u32| Touchy(n, home)).unwrap();
    let bad = pool.apply_async(1);
    let outcome = bad.get_timeout(Duration::from_secs(5));
    assert!(
        matches!(&outcome, Err(TaskError::BadResult { task: 0, .. })),
        "{outcome:?}"
    );
    let good = pool.apply_async(0);
    let outcome = good.get_timeout(Duration::from_secs(5));
    assert_eq!(outcome, Ok(Touchy(0, home)));
    pool.close().join().unwrap();
}

fn error_callbacks_run_on_one_thread() {
    let pool = Builder::new()
        .workers(1)
        .largest_message(10_000)
        .build(|bytes: Vec<u8>| bytes.len())
        .unwrap();
    let (sender, heard) = mpsc::channel();
    let name = || thread::current().name().unwrap_or("").to_string();
    let add = |bytes| {
        let sender = sender.clone();
        let task = pool.task(bytes);
        task.error_callback(move |_| sender.send(name()).unwrap())
            .submit()
    };
    let too_large = add(vec![0; 20_000]);
    assert!(matches!(
        too_large.get(),
        Err(TaskError::BadArgument { .. })
    ));
    assert_eq!(heard.recv().unwrap(), "pool-callbacks");
    pool.terminate();
}

fn an_error_callback_may_wait() {
    let pool = Pool::new(1, |_: u32| thread::park()).unwrap();
    let last = Arc::new(pool.apply_async(0));
    for n in 1..10 {
        let last = Arc::clone(&last);
        let wait = move |_: &TaskError| assert!(last.wait(Duration::from_secs(5)), "no end");
        drop(pool.task(n).error_callback(wait).submit());
    }
    let (sender, heard) = mpsc::channel();
    thread::spawn(move || {
        pool.terminate();
        sender.send(()).unwrap();
    });
    // Ten results with nothing to wait for.
    heard
        .recv_timeout(Duration::from_secs(4))
        .expect("a callback that waits holds up the end of the pool");
}

fn a_death_between_jobs() {
    let pool = Builder::new()
        .workers(1)
        .build(|_: u32| process::id())
        .unwrap();
    let rounds = 150;
    for _ in 0..rounds {
        let mut chunk = pool.imap(0..40, 40);
        let Some(Ok(worker)) = chunk.next() else {
            continue;
        };
        drop(chunk);
        let jobs: Vec<_> = (0..200)
            .flat_map(|n| {
                // Chunks of forty, whose results nobody reads, between.
                drop(pool.map_async(0..40, Some(40)));
                [pool.apply_async(n)]
            })
            .collect();
        thread::sleep(Duration::from_micros(fastrand::u64(..600)));
        let _ = kill(pid_of(worker), Signal::SIGKILL);
        for job in jobs {
            let number = job.number();
            if let Err(TaskError::WorkerDied { task, .. }) = job.get() {
                assert_eq!(task, number, "another task is named");
            }
        }
    }
    pool.close().join().unwrap();
}

fn an_argument_that_panics_on_arrival() {
    let home = process::id();
    let pool = Pool::new(1, |touchy: Touchy| (touchy.0, process::id())).unwrap();
    let worker = pool.apply(Touchy(0, home)).unwrap().1;
    let outcome = pool.apply(Touchy(2, home));
    let Err(TaskError::Panicked { task: 1, message }) = outcome else {
        panic!("it should have panicked: {outcome:?}");
    };
    assert!(message.contains("touched abroad"), "{message}");
    assert_eq!(pool.apply(Touchy(0, home)), Ok((0, worker)));
    pool.close().join().unwrap();
}

fn a_resumed_panic() {
    let pool = Pool::new(1, |n: u32| {
        // Caught: no affair of the pool's.
        let caught = std::panic::catch_unwind(|| assert_ne!(n, 1, "an old story"));
        if n == 2 {
            std::panic::resume_unwind(Box::new("the real reason"));
        }
        caught.is_err()
    })
    .unwrap();
    assert_eq!(pool.apply(1), Ok(true));
    let Err(TaskError::Panicked { task: 1, message }) = pool.apply(2) else {
        panic!("it should have panicked");
    };
    assert_eq!(message, "the real reason");
    pool.close().join().unwrap();
}

fn one_large_result() {
    let pool = Builder::new()
        .workers(1)
        .largest_message(1000)
        .build(|n: usize| vec![0_u8; n])
        .unwrap();
    let results: Vec<_> = pool.imap([1, 5000, 2], 3).collect();
    assert_eq!(results[0], Ok(vec![0; 1]));
    assert!(
        matches!(results[1], Err(TaskError::BadResult { task: 1, .. })),
        "{results:?}"
    );
    assert_eq!(results[2], Ok(vec![0; 2]));
    pool.close().join().unwrap();
}

fn a_small_queue() {
    let pool = Builder::new()
        .workers(1)
        .largest_message(16)
        .build(|n: usize| vec![0_u8; n])
        .unwrap();
    let outcome = pool.apply(5000);
    assert!(
        matches!(&outcome, Err(TaskError::BadResult { task: 0, .. })),
        "{outcome:?}"
    );
    pool.close().join().unwrap();
}

fn an_initializer_that_fails_now_and_then() {
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

fn a_childs_copy() {
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
