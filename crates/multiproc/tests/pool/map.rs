//! One function, many arguments.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolBuilder, TaskError};

use crate::suffer;

pub(crate) const CHECKS: &[Check] = checks![
    map_keeps_the_order_and_every_chunk_size,
    a_large_map_fits_in_chunks,
    imap_reads_only_a_bounded_way_ahead,
    imap_unordered_gives_all,
    a_death_in_a_map_names_the_task,
    one_large_result_spares_its_chunk,
    results_that_do_not_fit_together_arrive,
    arguments_that_do_not_fit_spare_the_others,
    a_slow_input_does_not_hold_up_results,
];

fn map_keeps_the_order_and_every_chunk_size() {
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
    // Also where the caller asks for more in a chunk than fit.
    let texts = (0..100_000).map(|n| format!("{n:0100}"));
    let back = pool.map(texts.clone(), Some(100_000)).unwrap();
    assert!(back.into_iter().eq(texts));
    pool.close().join().unwrap();
}

fn imap_reads_only_a_bounded_way_ahead() {
    let pool = Pool::new(2, |n: u64| n * 2).unwrap();
    for chunk in [1, 5] {
        let read = AtomicUsize::new(0);
        let endless = (0..).inspect(|_| {
            read.fetch_add(1, Ordering::SeqCst);
        });
        let mut results = pool.imap(endless, chunk);
        for n in 0..3000_u64 {
            assert_eq!(results.next().unwrap().unwrap(), n * 2);
            let ahead = read.load(Ordering::SeqCst) - n as usize;
            assert!(ahead <= 1024 + chunk, "{ahead} ahead");
        }
    }
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

fn one_large_result_spares_its_chunk() {
    let pool = PoolBuilder::new()
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

fn results_that_do_not_fit_together_arrive() {
    let pool = PoolBuilder::new()
        .workers(2)
        .largest_message(10_000)
        .build(|n: usize| vec![n as u8; 1000])
        .unwrap();
    // A chunk of 125 has results of 125,000 bytes.
    let results = pool.map(0..1000, None).unwrap();
    let whole = |(n, result): (usize, Vec<u8>)| result == vec![n as u8; 1000];
    assert_eq!(results.len(), 1000);
    assert!(results.into_iter().enumerate().all(whole));
    let results = pool.imap(0..200, 200).map(Result::unwrap);
    assert!(results.enumerate().all(whole));
    pool.close().join().unwrap();
}

fn arguments_that_do_not_fit_spare_the_others() {
    let pool = PoolBuilder::new()
        .workers(1)
        .largest_message(1000)
        .build(|bytes: Vec<u8>| bytes.len())
        .unwrap();
    let sizes = [1, 900, 900, 5000, 2];
    let results: Vec<_> = pool.imap(sizes.map(|n| vec![0; n]), 5).collect();
    for (n, (size, result)) in sizes.into_iter().zip(results).enumerate() {
        match result {
            Ok(came) => assert_eq!(came, size),
            Err(TaskError::BadArgument { task, .. }) => assert_eq!((n, task), (3, 3)),
            Err(error) => panic!("{error}"),
        }
    }
    let error = pool.map(sizes.map(|n| vec![0; n]), None).unwrap_err();
    assert!(
        matches!(error, TaskError::BadArgument { task: 3, .. }),
        "{error}"
    );
    pool.close().join().unwrap();
}

/// The input gives its next item only when an earlier result was read.
fn a_slow_input_does_not_hold_up_results() {
    let pool = Pool::new(1, |n: u64| n).unwrap();
    let (sender, receiver) = mpsc::sync_channel(0);
    let read = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&read);
    let feeder = thread::spawn(move || {
        for n in 0..50 {
            // Sixteen ahead, no more.
            while n as usize > seen.load(Ordering::SeqCst) + 16 {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_millis(1));
            sender.send(n).unwrap();
        }
    });
    for (n, result) in pool.imap(receiver, 1).enumerate() {
        assert_eq!(result.unwrap(), n as u64);
        read.fetch_add(1, Ordering::SeqCst);
    }
    feeder.join().unwrap();
    pool.close().join().unwrap();
}
