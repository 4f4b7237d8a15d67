//! What a caller gets back, and what it takes.

use std::collections::HashSet;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolBuilder, TaskError};
use multiproc::shared::Shared;

use crate::assert_no_child;

pub(crate) const CHECKS: &[Check] = checks![
    results_come_back,
    any_closure_is_a_task,
    an_async_result_can_be_asked,
    tasks_from_several_threads,
    max_tasks_per_child_replaces_workers,
    many_outstanding_tasks_take_bounded_resources,
];

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

fn max_tasks_per_child_replaces_workers() {
    let pool = PoolBuilder::new()
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

fn many_outstanding_tasks_take_bounded_resources() {
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
