//! The results of a pool, awaited.

use common::testing::{Check, checks};
use multiproc::pool::{Pool, TaskError};
use tokio::time::timeout;

use crate::{LONG, MS, runtime};

pub(crate) const CHECKS: &[Check] = checks![
    results_are_awaited_in_any_order,
    a_result_that_is_not_there_yet_can_be_awaited_again,
    a_killed_worker_is_its_tasks_error,
    the_end_of_the_pool_wakes_who_awaits,
];

fn results_are_awaited_in_any_order() {
    let pool = Pool::new(2, |n: u64| n * n).unwrap();
    runtime().block_on(async {
        for _ in 0..20 {
            let results: Vec<_> = (0..100).map(|n| (n, pool.apply_async(n))).collect();
            for (n, result) in results.into_iter().rev() {
                assert_eq!(timeout(LONG, result).await.unwrap().unwrap(), n * n);
            }
        }
    });
}

fn a_result_that_is_not_there_yet_can_be_awaited_again() {
    let (mut gate, mut open) = multiproc::connection::pipe(true).unwrap();
    let gate_fd = std::sync::Mutex::new(&mut gate);
    let pool = Pool::new(1, |(): ()| gate_fd.lock().unwrap().recv::<u8>().unwrap()).unwrap();
    runtime().block_on(async {
        let mut result = pool.apply_async(());
        for _ in 0..3 {
            assert!(timeout(MS, &mut result).await.is_err());
        }
        open.send(&7_u8).unwrap();
        assert_eq!(timeout(LONG, &mut result).await.unwrap(), Ok(7));
        assert_eq!(result.await, Err(TaskError::Taken));
    });
}

fn a_killed_worker_is_its_tasks_error() {
    let pool = Pool::new(2, |n: u32| match n {
        13 => std::process::abort(),
        n => n,
    })
    .unwrap();
    runtime().block_on(async {
        for n in 0..40 {
            let result = timeout(LONG, pool.apply_async(n)).await.unwrap();
            match n {
                13 => assert!(matches!(result, Err(TaskError::WorkerDied { .. }))),
                n => assert_eq!(result, Ok(n)),
            }
        }
    });
}

fn the_end_of_the_pool_wakes_who_awaits() {
    let pool = Pool::new(1, |(): ()| std::thread::sleep(LONG * 2)).unwrap();
    runtime().block_on(async {
        let awaited = tokio::spawn(pool.apply_async(()));
        tokio::time::sleep(MS * 20).await;
        pool.terminate();
        let result = timeout(LONG, awaited).await.unwrap().unwrap();
        assert_eq!(result, Err(TaskError::Terminated));
    });
}
