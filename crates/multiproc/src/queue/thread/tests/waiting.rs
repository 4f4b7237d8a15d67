//! Sleeping and waking.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use super::{Error, LONG, Queue, forms, put_all, until_asleep};

#[test]
fn each_change_wakes_a_sleeper() {
    for queue in forms(1) {
        scope(|scope| {
            let getter = scope.spawn(|| queue.get_timeout(LONG));
            until_asleep(&queue.getters, 1);
            queue.put(1).unwrap();
            assert_eq!(getter.join().unwrap().unwrap(), 1);
            let joiner = scope.spawn(|| queue.join_timeout(LONG));
            until_asleep(queue.counts.joiners(), 1);
            queue.task_done().unwrap();
            assert!(joiner.join().unwrap());
            queue.put(2).unwrap();
            let putter = scope.spawn(|| queue.put_timeout(3, LONG));
            until_asleep(&queue.putters, 1);
            assert_eq!(queue.get().unwrap(), 2);
            putter.join().unwrap().unwrap();
            assert_eq!(queue.get().unwrap(), 3);
        });
        assert!(queue.getters.idle() && queue.putters.idle());
    }
}

/// Producers and consumers that sleep, wake and time out in all possible ways;
/// then nothing is lost, nothing doubled.
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
                        Ok(item) => {
                            sum.fetch_add(item, Ordering::Relaxed);
                            count.fetch_add(1, Ordering::Relaxed);
                            queue.task_done().unwrap();
                        }
                        Err(Error::Closed) => break,
                        Err(error) => {
                            assert!(matches!(error, Error::Empty));
                            // On one processor a turn of nothing but trying
                            // takes as long as the scheduler allows.
                            std::thread::yield_now();
                        }
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
                        std::thread::yield_now();
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
