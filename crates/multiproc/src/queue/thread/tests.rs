use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use super::{Error, Queue, Rejected, Waiters};

const MOMENT: Duration = Duration::from_millis(1);
/// Long enough for a loaded machine: over only when something is wrong.
const LONG: Duration = Duration::from_secs(20);

fn forms<T: Ord + Send + 'static>(maxsize: usize) -> [Queue<T>; 3] {
    [
        Queue::new(maxsize),
        Queue::lifo(maxsize),
        Queue::priority(maxsize),
    ]
}

fn put_all<T>(queue: &Queue<T>, items: impl IntoIterator<Item = T>) {
    items.into_iter().for_each(|item| queue.put(item).unwrap());
}

/// Returns when `sleepers` threads have gone to sleep: not before, so that a
/// wake-up is what ends their wait.
fn until_asleep(waiters: &Waiters, sleepers: usize) {
    while waiters.asleep() < sleepers {
        std::thread::yield_now();
    }
}

fn take_all<T>(queue: &Queue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.try_get().ok()).collect()
}

#[test]
fn each_form_has_its_order() {
    let orders = [[3, 1, 2, 1], [1, 2, 1, 3], [1, 1, 2, 3]];
    for (queue, expected) in forms(0).iter().zip(orders) {
        put_all(queue, [3, 1, 2, 1]);
        assert_eq!(take_all(queue), expected);
    }
}

#[test]
fn equals_of_a_priority_queue_keep_their_order() {
    /// Equal by urgency alone.
    #[derive(Debug)]
    struct Job(u32, &'static str);
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl PartialEq for Job {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }
    impl Eq for Job {}

    let queue = Queue::priority(0);
    put_all(&queue, [Job(2, "c"), Job(1, "a"), Job(2, "d"), Job(1, "b")]);
    let first = queue.get().unwrap();
    queue.put_back(first);
    let names: Vec<_> = take_all(&queue).iter().map(|job| job.1).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn a_large_bound_reserves_nothing() {
    // As a channel this would take all memory there is.
    let queue = Queue::new(usize::MAX);
    put_all(&queue, [1, 2, 3]);
    assert_eq!(queue.capacity(), Some(usize::MAX));
    let first = queue.get().unwrap();
    queue.put_back(first);
    assert_eq!(take_all(&queue), [1, 2, 3]);
}

#[test]
fn a_full_queue_gives_the_item_back() {
    for queue in forms(2) {
        assert_eq!(queue.capacity(), Some(2));
        put_all(&queue, ["a".to_string(), "b".to_string()]);
        assert!(queue.is_full());
        assert_eq!(queue.len(), 2);
        for outcome in [
            queue.try_put("c".into()),
            queue.put_timeout("c".into(), MOMENT),
            queue.put_timeout("c".into(), Duration::ZERO),
        ] {
            let rejected = outcome.unwrap_err();
            assert_eq!(rejected.to_string(), "the queue is full");
            assert_eq!(rejected.item, "c");
            assert!(matches!(Error::from(rejected), Error::Full));
        }
        assert_eq!(queue.unfinished(), 2);
        queue.get().unwrap();
        assert!(!queue.is_full());
        queue.put_timeout("c".into(), Duration::MAX).unwrap();
    }
}

#[test]
fn an_item_of_any_kind_can_be_rejected() {
    struct Opaque(std::sync::mpsc::Sender<()>);
    let queue = Queue::new(1);
    let item = || Opaque(std::sync::mpsc::channel().0);
    queue.put(item()).unwrap();
    let error: Box<dyn std::error::Error + Send + Sync> =
        Box::new(queue.try_put(item()).unwrap_err());
    assert_eq!(error.to_string(), "the queue is full");
    assert!(queue.get().unwrap().0.send(()).is_err());
}

#[test]
fn an_empty_queue_says_so() {
    for queue in forms::<u8>(0) {
        assert!(queue.is_empty() && !queue.is_full());
        assert_eq!(queue.capacity(), None);
        assert!(matches!(queue.try_get(), Err(Error::Empty)));
        assert!(matches!(queue.get_timeout(MOMENT), Err(Error::Empty)));
        let zero = queue.get_timeout(Duration::ZERO);
        assert!(matches!(zero, Err(Error::Empty)));
        queue.put(7).unwrap();
        assert!(!queue.is_empty());
        assert_eq!(queue.get_timeout(Duration::MAX).unwrap(), 7);
    }
}

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

#[test]
fn close_now_takes_what_is_left_and_counts_it_as_done() {
    for queue in forms(0) {
        put_all(&queue, [1, 2, 3, 4]);
        queue.get().unwrap();
        assert_eq!(queue.close_now().len(), 3);
        assert_eq!(queue.unfinished(), 1, "one is with its getter");
        assert!(!queue.join_timeout(MOMENT));
        queue.task_done().unwrap();
        queue.join();
        assert!(matches!(queue.get(), Err(Error::Closed)));
    }
}

#[test]
fn close_now_ends_a_join() {
    let queue = Queue::new(0);
    put_all(&queue, [1, 2, 3]);
    scope(|scope| {
        scope.spawn(|| queue.join());
        until_asleep(queue.tally.joiners(), 1);
        queue.close_now();
    });
}

#[test]
fn task_done_is_counted() {
    for queue in forms(0) {
        assert!(queue.join_timeout(Duration::ZERO), "nothing to wait for");
        assert!(matches!(queue.task_done(), Err(Error::TooManyDone)));
        put_all(&queue, [1, 2]);
        take_all(&queue);
        queue.task_done().unwrap();
        assert_eq!(queue.unfinished(), 1);
        assert!(!queue.join_timeout(MOMENT));
        queue.task_done().unwrap();
        queue.join();
        assert!(matches!(queue.task_done(), Err(Error::TooManyDone)));
        assert_eq!(queue.unfinished(), 0);
    }
}

#[test]
fn an_item_put_back_is_next_beyond_the_capacity_and_not_counted_again() {
    for queue in forms(2) {
        put_all(&queue, [1, 1]);
        let item = queue.get().unwrap();
        queue.put(5).unwrap();
        queue.put_back(item);
        assert_eq!((queue.len(), queue.unfinished()), (3, 3));
        assert!(queue.is_full());
        assert!(matches!(
            queue.try_put(9),
            Err(Rejected {
                error: Error::Full,
                item: 9
            })
        ));
        assert_eq!(queue.get().unwrap(), 1);
        assert!(queue.is_full());
    }
}

#[test]
fn a_returned_item_takes_room() {
    for queue in forms(2) {
        put_all(&queue, [1, 2]);
        let item = queue.get().unwrap();
        queue.put_back(item);
        assert!(matches!(
            queue.try_put(3),
            Err(Rejected {
                error: Error::Full,
                item: 3
            })
        ));
        assert_eq!(queue.unfinished(), 2);
    }
}

#[test]
fn several_items_put_back_come_out_last_first() {
    let queue = Queue::new(0);
    put_all(&queue, ["a", "b", "c"]);
    let (a, b) = (queue.get().unwrap(), queue.get().unwrap());
    queue.put_back(b);
    queue.put_back(a);
    assert_eq!(take_all(&queue), ["a", "b", "c"]);
}

#[test]
fn putting_back_wakes_a_blocked_getter_also_of_a_closed_queue() {
    for queue in forms(1) {
        queue.put(4).unwrap();
        let item = queue.get().unwrap();
        scope(|scope| {
            let getter = scope.spawn(|| queue.get());
            until_asleep(&queue.getters, 1);
            queue.put_back(item);
            assert_eq!(getter.join().unwrap().unwrap(), 4);
        });
        queue.close();
        queue.put_back(4);
        assert_eq!(queue.get().unwrap(), 4);
    }
}

#[test]
fn each_change_wakes_a_sleeper() {
    for queue in forms(1) {
        scope(|scope| {
            let getter = scope.spawn(|| queue.get());
            until_asleep(&queue.getters, 1);
            queue.put(1).unwrap();
            assert_eq!(getter.join().unwrap().unwrap(), 1);
            let joiner = scope.spawn(|| queue.join_timeout(Duration::MAX));
            until_asleep(queue.tally.joiners(), 1);
            queue.task_done().unwrap();
            assert!(joiner.join().unwrap());
            queue.put(2).unwrap();
            let putter = scope.spawn(|| queue.put(3));
            until_asleep(&queue.putters, 1);
            assert_eq!(queue.get().unwrap(), 2);
            putter.join().unwrap().unwrap();
            assert_eq!(queue.get().unwrap(), 3);
        });
        assert!(queue.getters.idle() && queue.putters.idle());
    }
}

/// Producers and consumers that sleep, wake, time out and give items back in
/// all possible ways; then nothing is lost, nothing doubled.
#[test]
fn no_item_is_lost_and_nobody_sleeps_for_ever() {
    const PRODUCERS: u64 = 3;
    const EACH: u64 = 2_000;
    for maxsize in [1, 2, 64, 0] {
        for queue in forms(maxsize) {
            let (sum, count) = (AtomicU64::new(0), AtomicU64::new(0));
            let consume = |number: u64| {
                for turn in number.. {
                    let item = match turn % 3 {
                        0 => queue.get(),
                        1 => queue.get_timeout(Duration::from_micros(turn % 50)),
                        _ => queue.try_get(),
                    };
                    match item {
                        // Every so often, as if its getter had vanished.
                        Ok(item) if fastrand::u8(..) < 8 => queue.put_back(item),
                        Ok(item) => {
                            sum.fetch_add(item, Ordering::Relaxed);
                            count.fetch_add(1, Ordering::Relaxed);
                            queue.task_done().unwrap();
                        }
                        Err(Error::Closed) => break,
                        Err(error) => assert!(matches!(error, Error::Empty)),
                    }
                }
            };
            let produce = |number: u64| {
                for n in 0..EACH {
                    let mut item = number * EACH + n;
                    loop {
                        let outcome = match item % 3 {
                            0 => queue.put(item),
                            1 => queue.put_timeout(item, Duration::from_micros(item % 50)),
                            _ => queue.try_put(item),
                        };
                        let Err(rejected) = outcome else { break };
                        assert!(matches!(rejected.error, Error::Full));
                        item = rejected.item;
                    }
                }
            };
            scope(|scope| {
                for number in 0..3 {
                    scope.spawn(move || consume(number));
                }
                let producers: Vec<_> = (0..PRODUCERS)
                    .map(|number| scope.spawn(move || produce(number)))
                    .collect();
                producers.into_iter().for_each(|p| p.join().unwrap());
                queue.join();
                assert_eq!(queue.unfinished(), 0);
                queue.close();
            });
            assert!(queue.getters.idle() && queue.putters.idle());
            let total = PRODUCERS * EACH;
            assert_eq!(count.into_inner(), total);
            assert_eq!(sum.into_inner(), total * (total - 1) / 2);
        }
    }
}

/// A put races with a close: it is either refused, or its item is got.
#[test]
fn an_item_put_as_the_queue_closes_is_not_lost() {
    for round in 0..2_000 {
        let queue = Queue::new(if round % 2 == 0 { 0 } else { 1 });
        let (start, got, put) = (Barrier::new(3), AtomicU64::new(0), AtomicU64::new(0));
        scope(|scope| {
            scope.spawn(|| {
                start.wait();
                while queue.put(()).is_ok() {
                    put.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(|| {
                start.wait();
                while queue.get().is_ok() {
                    got.fetch_add(1, Ordering::Relaxed);
                }
            });
            start.wait();
            (0..round % 100).for_each(|_| std::hint::spin_loop());
            queue.close();
        });
        assert_eq!(put.into_inner(), got.into_inner());
        assert!(queue.is_empty());
    }
}

/// Every join in this ping-pong waits for the very last `task_done`.
#[test]
fn a_join_never_misses_the_last_task() {
    let queue = Queue::new(0);
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while queue.get().is_ok() {
                    queue.task_done().unwrap();
                }
            });
        }
        for _ in 0..5_000 {
            put_all(&queue, [1, 2, 3]);
            queue.join();
            assert_eq!(queue.unfinished(), 0);
        }
        queue.close();
    });
}

/// The first of two sleeping getters times out just as it is woken for an item.
/// It may take that item, but must not keep the second from getting the next.
#[test]
fn a_wake_up_does_not_leave_with_a_getter_that_times_out() {
    let queue = Queue::new(0);
    let round = Barrier::new(3);
    let rounds = 1_000;
    let micros = |range| Duration::from_micros(fastrand::u64(range));
    scope(|scope| {
        scope.spawn(|| {
            for _ in 0..rounds {
                round.wait();
                if queue.get_timeout(micros(50..150)).is_ok() {
                    queue.put(()).unwrap();
                }
                round.wait();
            }
        });
        scope.spawn(|| {
            for _ in 0..rounds {
                round.wait();
                // After the first, where that is still there.
                let moment = Instant::now() + micros(20..50);
                while Instant::now() < moment {
                    std::hint::spin_loop();
                }
                queue.get_timeout(LONG).expect("one item is for this one");
                round.wait();
            }
        });
        for _ in 0..rounds {
            round.wait();
            let moment = Instant::now() + micros(50..250);
            while Instant::now() < moment {
                std::hint::spin_loop();
            }
            queue.put(()).unwrap();
            round.wait();
            assert!(queue.is_empty() && queue.getters.idle());
        }
    });
}
