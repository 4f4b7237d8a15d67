use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use multiproc::deadline::Deadline;

use super::*;
use crate::object::Caller;

/// Numbers are comparable, except that 13 is not.
impl QueueItem for i32 {
    type Rank = i32;

    fn rank(&self) -> i32 {
        *self
    }

    fn before(rank: &i32, other: &i32) -> Result<bool, Incomparable> {
        match (rank, other) {
            (13, _) | (_, 13) => Err(Incomparable("13".to_string())),
            _ => Ok(rank / 10 < other / 10),
        }
    }

    fn memory(&self) -> usize {
        4
    }
}

/// Long enough for a loaded machine: over only when something is wrong.
const LONG: Duration = Duration::from_secs(60);

fn now<R>(call: impl FnOnce(&Wait<'_>) -> R) -> R {
    within(Duration::ZERO, call)
}

fn long<R>(call: impl FnOnce(&Wait<'_>) -> R) -> R {
    within(LONG, call)
}

fn within<R>(time: Duration, call: impl FnOnce(&Wait<'_>) -> R) -> R {
    call(&Wait {
        deadline: Deadline::after(time),
        caller: &Caller::here(),
    })
}

fn drain(queue: &Queue<i32>) -> Vec<i32> {
    std::iter::from_fn(|| now(|wait| queue.get(wait)).ok()).collect()
}

fn filled(order: Order, items: &[i32]) -> Queue<i32> {
    let queue = Queue::new(order, 0);
    for item in items {
        now(|wait| queue.put(*item, wait)).unwrap();
    }
    queue
}

/// Waits until `count` threads stand in the line that `line` picks.
fn lined_up(queue: &Queue<i32>, count: usize) {
    let waiting = || {
        let state = queue.lock();
        state.getters.len() + state.putters.len() + state.joiners.len()
    };
    let until = Instant::now() + LONG;
    while waiting() < count {
        assert!(Instant::now() < until, "they do not come to wait");
        thread::yield_now();
    }
}

#[test]
fn each_order_is_pythons() {
    let items = [50, 20, 21, 70, 22, 10];
    let expected = [
        (Order::Fifo, [50, 20, 21, 70, 22, 10]),
        (Order::Lifo, [10, 22, 70, 21, 20, 50]),
        (Order::Priority, [10, 20, 21, 22, 50, 70]),
    ];
    for (order, out) in expected {
        assert_eq!(drain(&filled(order, &items)), out, "{order:?}");
    }
}

#[test]
fn what_is_put_back_is_next_again() {
    for order in [Order::Fifo, Order::Lifo, Order::Priority] {
        let items = [20, 21, 30];
        let queue = filled(order, &items);
        let expected = drain(&filled(order, &items));
        let first = now(|wait| queue.get(wait)).unwrap();
        queue.put_back(first);
        assert_eq!(drain(&queue), expected, "{order:?}");
    }
    let queue = filled(Order::Priority, &[20]);
    let item = now(|wait| queue.get(wait)).unwrap();
    now(|wait| queue.put(10, wait)).unwrap();
    now(|wait| queue.put(21, wait)).unwrap();
    queue.put_back(item);
    assert_eq!(drain(&queue), [10, 20, 21]);
}

#[test]
fn what_cannot_be_compared_is_refused_and_changes_nothing() {
    let queue = filled(Order::Priority, &[20, 10]);
    let refused = now(|wait| queue.put(13, wait));
    assert!(matches!(refused, Err(Refused::Incomparable(_))));
    assert_eq!((queue.len(), queue.unfinished()), (2, 2));
    assert_eq!(drain(&queue), [10, 20]);
}

#[test]
fn capacity_and_time_outs() {
    let queue = Queue::new(Order::Fifo, 1);
    assert_eq!(now(|wait| queue.get(wait)), Err(Refused::Empty));
    now(|wait| queue.put(1, wait)).unwrap();
    assert!(queue.is_full());
    let soon = Duration::from_millis(5);
    assert_eq!(within(soon, |wait| queue.put(2, wait)), Err(Refused::Full));
    assert_eq!(
        within(soon, |wait| queue.join(wait)),
        Err(Refused::Unfinished)
    );
    queue.task_done().unwrap();
    assert_eq!(queue.task_done(), Err(Refused::TooManyDone));
    now(|wait| queue.join(wait)).unwrap();
}

#[test]
fn shutdown_lets_the_rest_out_unless_immediate() {
    let queue = filled(Order::Fifo, &[1, 2]);
    queue.shut_down(false);
    assert_eq!(now(|wait| queue.put(3, wait)), Err(Refused::Closed));
    assert_eq!(drain(&queue), [1, 2]);
    assert_eq!(long(|wait| queue.get(wait)), Err(Refused::Closed));
    let queue = filled(Order::Fifo, &[1, 2]);
    queue.shut_down(true);
    assert_eq!(now(|wait| queue.get(wait)), Err(Refused::Closed));
    now(|wait| queue.join(wait)).unwrap();
}

#[test]
fn shutdown_wakes_all_who_wait() {
    let queue = Queue::new(Order::Fifo, 0);
    let full = Queue::new(Order::Fifo, 1);
    now(|wait| full.put(1, wait)).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(long(|wait| queue.get(wait)), Err(Refused::Closed)));
            scope.spawn(|| assert_eq!(long(|wait| full.put(2, wait)), Err(Refused::Closed)));
        }
        lined_up(&queue, 4);
        lined_up(&full, 4);
        queue.shut_down(false);
        full.shut_down(false);
    });
}

#[test]
fn a_wait_is_called_off_by_whoever_watches_the_caller() {
    let queue = Queue::<i32>::new(Order::Fifo, 0);
    let (sender, callers) = channel();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let caller = Arc::new(Caller::here());
            sender.send(Arc::clone(&caller)).unwrap();
            queue.get(&Wait {
                deadline: Deadline::after(LONG),
                caller: &caller,
            })
        });
        lined_up(&queue, 1);
        callers.recv().unwrap().leave();
        assert_eq!(waiting.join().unwrap(), Err(Refused::CalledOff));
    });
    // Nobody is left in the line who would swallow a wake.
    assert_eq!(queue.lock().getters.len(), 0);
}

/// A waiter that is woken for an item at the very moment when its wait is
/// called off must not leave the item lying beside those who still wait.
#[test]
fn a_wake_is_not_lost_with_a_caller_that_goes() {
    for _ in 0..300 {
        let queue = Queue::new(Order::Fifo, 0);
        let (sender, callers) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let caller = Arc::new(Caller::here());
                sender.send(Arc::clone(&caller)).unwrap();
                let got = queue.get(&Wait {
                    deadline: Deadline::after(LONG),
                    caller: &caller,
                });
                if let Ok(item) = got {
                    queue.put_back(item);
                }
            });
            let goer = callers.recv().unwrap();
            lined_up(&queue, 1);
            let stayer = scope.spawn(|| long(|wait| queue.get(wait)));
            lined_up(&queue, 2);
            scope.spawn(|| now(|wait| queue.put(1, wait)).unwrap());
            goer.leave();
            assert_eq!(stayer.join().unwrap(), Ok(1));
        });
    }
}

#[test]
fn many_putters_and_getters_on_a_small_queue_lose_nothing() {
    const EACH: usize = 500;
    for order in [Order::Fifo, Order::Lifo, Order::Priority] {
        let queue = Queue::new(order, 2);
        let sum = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        long(|wait| queue.put(1, wait)).unwrap();
                    }
                });
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let item = long(|wait| queue.get(wait)).unwrap();
                        sum.fetch_add(item as usize, Ordering::Relaxed);
                        queue.task_done().unwrap();
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), 4 * EACH);
        assert_eq!((queue.len(), queue.unfinished()), (0, 0));
    }
}

/// An item whose comparison takes until it is told to go on.
struct Slow(u8, &'static Gate);

#[derive(Default)]
struct Gate {
    comparing: Mutex<bool>,
    changed: std::sync::Condvar,
    open: AtomicUsize,
}

static GATE: std::sync::LazyLock<Gate> = std::sync::LazyLock::new(Gate::default);

impl QueueItem for Slow {
    type Rank = (u8, &'static Gate);

    fn rank(&self) -> Self::Rank {
        (self.0, self.1)
    }

    fn before(rank: &Self::Rank, other: &Self::Rank) -> Result<bool, Incomparable> {
        let gate = rank.1;
        *gate.comparing.lock().unwrap() = true;
        gate.changed.notify_all();
        let until = Instant::now() + LONG;
        while gate.open.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < until, "the gate stays shut");
            thread::yield_now();
        }
        Ok(rank.0 < other.0)
    }

    fn memory(&self) -> usize {
        1
    }
}

/// How long a comparison takes is up to the client who puts.
#[test]
fn who_compares_holds_up_nobody_else() {
    let queue = Queue::new(Order::Priority, 3);
    now(|wait| queue.put(Slow(5, &GATE), wait)).unwrap();
    thread::scope(|scope| {
        let putter = scope.spawn(|| long(|wait| queue.put(Slow(3, &GATE), wait)));
        let comparing = GATE.comparing.lock().unwrap();
        let compares = GATE
            .changed
            .wait_timeout_while(comparing, LONG, |comparing| !*comparing);
        assert!(*compares.unwrap().0, "it does not compare");
        // The others go on.
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.unfinished(), 1);
        assert_eq!(now(|wait| queue.get(wait)).unwrap().0, 5);
        queue.task_done().unwrap();
        assert!(matches!(now(|wait| queue.get(wait)), Err(Refused::Empty)));
        GATE.open.store(1, Ordering::SeqCst);
        putter.join().unwrap().unwrap();
    });
    // What it was compared with had gone meanwhile.
    assert_eq!(now(|wait| queue.get(wait)).unwrap().0, 3);
}

#[test]
fn putters_and_getters_of_a_priority_queue_keep_its_order() {
    let queue: Queue<i32> = Queue::new(Order::Priority, 50);
    let total = 8_000;
    let got = AtomicUsize::new(0);
    thread::scope(|scope| {
        for start in 0..4 {
            let queue = &queue;
            scope.spawn(move || {
                for n in 0..total / 4 {
                    // 13 is not comparable.
                    let item = (start + n * 7919) % 997 * 10 + 20;
                    long(|wait| queue.put(item, wait)).unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while got.fetch_add(1, Ordering::SeqCst) < total as usize {
                    let item = long(|wait| queue.get(wait)).unwrap();
                    // Now and then the client is gone, and another gets it.
                    if item % 3 == 0 {
                        queue.put_back(item);
                        long(|wait| queue.get(wait)).unwrap();
                    }
                    let held = queue.lock();
                    let ranks = held.items.ranks();
                    assert!(ranks.is_sorted_by_key(|rank| rank / 10), "{ranks:?}");
                }
            });
        }
    });
}

#[test]
fn a_limit_on_memory_refuses_and_what_leaves_makes_room() {
    let queue = Queue::new(Order::Priority, 0);
    let all = Memory::new(10);
    queue.limit_memory(MemoryLimit {
        own: 8,
        all: Arc::clone(&all),
    });
    now(|wait| queue.put(20, wait)).unwrap();
    now(|wait| queue.put(30, wait)).unwrap();
    let refused = now(|wait| queue.put(40, wait));
    assert!(matches!(refused, Err(Refused::NoMemory(_))), "{refused:?}");
    // What cannot be compared takes no memory either.
    assert_eq!(now(|wait| queue.get(wait)), Ok(20));
    assert!(now(|wait| queue.put(13, wait)).is_err());
    assert_eq!(all.used(), 4);
    // The other limit is that of all together.
    all.charge(5).unwrap();
    let refused = now(|wait| queue.put(40, wait));
    assert!(matches!(refused, Err(Refused::NoMemory(_))), "{refused:?}");
    queue.put_back(20);
    assert_eq!(all.used(), 13);
    queue.shut_down(true);
    assert_eq!((all.used(), queue.memory()), (5, 0));
}
