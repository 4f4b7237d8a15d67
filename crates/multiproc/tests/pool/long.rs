//! Results that take a large part of the queue.

use common::testing::{Check, checks};
use multiproc::pool::{PoolBuilder, TaskError};
use multiproc::process::ExitStatus;

use crate::assert_no_child;
use crate::deaths::Workers;

pub(crate) const CHECKS: &[Check] = checks![chaos_a_long_result_arrives_whole_or_not_at_all];

/// The bytes of a result: the queue holds two of them.
const LONGEST: usize = 3 << 20;

/// Workers killed at random, most often while they write a long result: those
/// that arrive are whole, and the rest are lost with their worker.
fn chaos_a_long_result_arrives_whole_or_not_at_all() {
    let workers = Workers::new();
    let pool = PoolBuilder::new()
        .workers(3)
        .initializer(|| workers.note())
        .build(|n: u64| vec![n; LONGEST / 8 - (n % 5 * 50_000) as usize])
        .unwrap();
    let mut arrived = 0;
    for _ in 0..5 {
        let results: Vec<_> = (0..40).map(|n| pool.apply_async(n)).collect();
        for (n, result) in (0..).zip(results) {
            if n % 8 == 3 {
                workers.kill_one();
            }
            match result.get() {
                Ok(numbers) => {
                    assert_eq!(numbers.len(), LONGEST / 8 - (n % 5 * 50_000) as usize);
                    assert!(numbers.into_iter().all(|number| number == n));
                    arrived += 1;
                }
                Err(TaskError::WorkerDied { died, .. }) => {
                    assert_eq!(died.status, ExitStatus::Signal(9));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(arrived > 100, "{arrived}");
    pool.close().join().unwrap();
    assert_no_child();
}
