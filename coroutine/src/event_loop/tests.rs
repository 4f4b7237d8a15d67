//! What is dropped leaves nothing in the loop.

use std::io;
use std::time::Duration;

use super::{Shared, Watched, run, sleep, spawn, timeout};

#[test]
fn a_timer_that_is_dropped_leaves_nothing() {
    run(async {
        let far = Duration::from_secs(3600);
        let waiting = || Shared::current().timers.0.borrow().len();
        for _ in 0..10_000 {
            // A time-out that is not needed: the task ends in the next turn.
            let task = spawn(async { 1 });
            assert_eq!(timeout(far, task).await, Ok(Ok(1)));
            assert_eq!(waiting(), 0);
        }
        let sleeper = spawn(sleep(far));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(waiting(), 1);
        sleeper.abort();
        assert_eq!(waiting(), 0);
    })
    .expect("a loop");
}

#[test]
fn a_descriptor_that_is_dropped_leaves_nothing() {
    run(async {
        let (reader, _writer) = io::pipe().expect("a pipe");
        let watched = Watched::new(reader).expect("room");
        let wakers = || Shared::current().reactor.wakers();
        for _ in 0..1000 {
            // It tries, and gives up: its waker is known once.
            let read = watched.read_with(|_| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            assert!(timeout(Duration::ZERO, read).await.is_err());
            assert_eq!(wakers(), 1);
        }
        drop(watched);
        assert_eq!(wakers(), 0);
    })
    .expect("a loop");
}
