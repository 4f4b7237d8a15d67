//! The end of a queue.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::Duration;

use super::{Error, MOMENT, Queue, Rejected, forms, put_all, take_all, until_asleep};

#[test]
fn a_closed_queue_is_emptied_and_takes_nothing() {
    for queue in forms(3) {
        put_all(&queue, [1, 1]);
        queue.close();
        queue.close();
        assert!(queue.is_closed());
        for outcome in [
            queue.put(2),
            queue.try_put(2),
            queue.put_timeout(2, Duration::MAX),
        ] {
            assert!(matches!(
                outcome,
                Err(Rejected {
                    error: Error::Closed,
                    item: 2
                })
            ));
        }
        assert_eq!(queue.get().unwrap(), 1);
        assert_eq!(queue.get_timeout(Duration::ZERO).unwrap(), 1);
        assert!(matches!(queue.get(), Err(Error::Closed)));
        assert!(matches!(queue.try_get(), Err(Error::Closed)));
        assert!(matches!(queue.get_timeout(MOMENT), Err(Error::Closed)));
        assert_eq!(queue.unfinished(), 2, "refused items do not count");
    }
}

#[test]
fn close_wakes_every_blocked_getter_and_putter() {
    for (empty, full) in forms::<u8>(1).iter().zip(&forms(1)) {
        full.put(0).unwrap();
        let closed = AtomicUsize::new(0);
        scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    assert!(matches!(empty.get(), Err(Error::Closed)));
                    closed.fetch_add(1, Ordering::Relaxed);
                });
                scope.spawn(|| {
                    assert!(matches!(
                        full.put(1),
                        Err(Rejected {
                            error: Error::Closed,
                            item: 1
                        })
                    ));
                    closed.fetch_add(1, Ordering::Relaxed);
                });
            }
            until_asleep(&empty.getters, 4);
            until_asleep(&full.putters, 4);
            empty.close();
            full.close();
        });
        assert_eq!(closed.into_inner(), 8);
        assert_eq!(take_all(full), [0]);
    }
}

/// A put races with a close: it is either refused, or its item is got; and every
/// getter learns of the end.
#[test]
fn an_item_put_as_the_queue_closes_is_not_lost() {
    for round in 0..2_000 {
        let queue = match round % 3 {
            0 => Queue::new(0),
            1 => Queue::new(1),
            _ => Queue::lifo(1),
        };
        let (start, got, put) = (Barrier::new(5), AtomicU64::new(0), AtomicU64::new(0));
        scope(|scope| {
            scope.spawn(|| {
                start.wait();
                while queue.put(()).is_ok() {
                    put.fetch_add(1, Ordering::Relaxed);
                }
            });
            for _ in 0..3 {
                scope.spawn(|| {
                    start.wait();
                    while queue.get().is_ok() {
                        got.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            start.wait();
            (0..round % 100).for_each(|_| std::hint::spin_loop());
            queue.close();
        });
        assert_eq!(put.into_inner(), got.into_inner());
        assert!(queue.is_empty());
    }
}

/// Comparing is the user's code. What it leaves in the queue counts, and the
/// queue can still be closed and emptied.
#[test]
fn a_panicking_comparison_keeps_the_counts_right() {
    #[derive(PartialEq, Eq)]
    struct Spiteful(u8);
    impl Ord for Spiteful {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            assert!(self.0 != 13 && other.0 != 13, "unlucky");
            self.0.cmp(&other.0)
        }
    }
    impl PartialOrd for Spiteful {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    let queue = Queue::priority(0);
    put_all(&queue, [Spiteful(1)]);
    let put = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| queue.put(Spiteful(13))));
    assert!(put.is_err());
    queue.close();
    assert_eq!(queue.len() as u64, queue.unfinished());
    let mut left = queue.len();
    while left > 0 {
        let got = std::panic::AssertUnwindSafe(|| queue.get());
        left -= usize::from(std::panic::catch_unwind(got).is_ok_and(|got| got.is_ok()));
    }
    assert!(matches!(queue.get(), Err(Error::Closed)));
}
