//! What cannot be sent, and panics on the way.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolBuilder, TaskError};
use multiproc::shared::Shared;

pub(crate) const CHECKS: &[Check] = checks![
    a_panic_is_the_tasks_error,
    a_resumed_panic_keeps_its_message,
    a_result_that_cannot_be_sent,
    an_argument_that_cannot_be_sent,
    a_small_queue_carries_its_errors,
    an_argument_that_panics_on_arrival_is_its_own_error,
    a_result_that_panics_on_arrival_is_its_own_error,
    a_long_result_that_panics_on_arrival_gives_its_room_back,
    an_unwanted_result_that_panics_when_dropped_ends_nothing,
];

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

fn a_resumed_panic_keeps_its_message() {
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

    let pool = PoolBuilder::new()
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
    let pool = PoolBuilder::new()
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

fn a_small_queue_carries_its_errors() {
    let pool = PoolBuilder::new()
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

fn an_argument_that_panics_on_arrival_is_its_own_error() {
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

fn a_result_that_panics_on_arrival_is_its_own_error() {
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

/// Long ones are read where they stand in the queue.
fn a_long_result_that_panics_on_arrival_gives_its_room_back() {
    std::panic::set_hook(Box::new(|_| {}));
    let home = process::id();
    let pool = PoolBuilder::new()
        .workers(2)
        .largest_message(1 << 20)
        .build(|n: u32| (vec![n; 150_000], Touchy(n, home)))
        .unwrap();
    // More than fit into the queue at once.
    for (n, outcome) in (0..).zip(pool.imap((0..100).map(|n| n % 2 * 3), 1)) {
        assert_eq!(
            outcome,
            Ok((vec![n % 2 * 3; 150_000], Touchy(n % 2 * 3, home)))
        );
    }
    for (n, outcome) in (0..).zip(pool.imap((0..100).map(|n| n % 2), 1)) {
        match n % 2 {
            0 => assert_eq!(outcome, Ok((vec![0; 150_000], Touchy(0, home)))),
            _ => assert!(
                matches!(outcome, Err(TaskError::BadResult { task, .. }) if task == n),
                "{n}"
            ),
        }
    }
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

/// Panics when it is dropped at home.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Bitter(u32);

impl Drop for Bitter {
    fn drop(&mut self) {
        assert!(self.0 != process::id(), "dropped at home");
    }
}

fn an_unwanted_result_that_panics_when_dropped_ends_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let home = process::id();
    let gate = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Pool::new(1, |n: u32| {
        while gate.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        Bitter(if n == 0 { home } else { 0 })
    })
    .unwrap();
    drop(pool.apply_async(0));
    drop(pool.task(0).callback(|_| ()).submit());
    drop(pool.map_async([0, 0, 0], Some(3)));
    drop(pool.map_async([0, 0, 0], Some(1)));
    gate.store(1, Ordering::SeqCst);
    for _ in 0..100 {
        assert_eq!(pool.apply(1), Ok(Bitter(0)));
    }
    pool.close().join().unwrap();
}
