//! Who calls callbacks, and when.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolBuilder, TaskError};

pub(crate) const CHECKS: &[Check] = checks![
    callbacks_run_here,
    a_callback_may_add_tasks_and_panic,
    an_error_callback_may_wait_for_another_task,
    error_callbacks_run_on_the_callback_thread,
];

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
    let pool = PoolBuilder::new()
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

fn an_error_callback_may_wait_for_another_task() {
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

fn error_callbacks_run_on_the_callback_thread() {
    let pool = PoolBuilder::new()
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
