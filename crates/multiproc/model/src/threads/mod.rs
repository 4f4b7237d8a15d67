//! The queue between threads: its ring and its event count, the very code, put
//! together as `Queue` does it.

#[allow(dead_code, reason = "not all of it is modelled")]
#[path = "../../../src/queue/thread/event_count.rs"]
mod event_count;
#[allow(dead_code, reason = "not all of it is modelled")]
#[path = "../../../src/queue/thread/ring.rs"]
mod ring;
mod sync;

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use crate::deadline::Deadline;
use crate::queue::Error;
use event_count::EventCount;
use rejected::Rejected;
use ring::Ring;

/// In place of `queue::thread::rejected`.
mod rejected {
    #[derive(Debug)]
    pub(super) struct Rejected<T> {
        pub(super) error: crate::queue::Error,
        pub(super) item: T,
    }
}

struct Queue {
    ring: Ring<Box<u32>>,
    getters: EventCount,
    putters: EventCount,
}

impl Queue {
    fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Queue {
            ring: Ring::new(capacity),
            getters: EventCount::default(),
            putters: EventCount::default(),
        })
    }

    /// Returns whether the queue was open.
    fn put(&self, item: u32) -> bool {
        let mut waiting = Some(Box::new(item));
        let put = self.putters.wait(Deadline::NEVER, || {
            let outcome = self.ring.push(waiting.take()?);
            self.getters.wake_one();
            match outcome {
                Ok(()) => Some(true),
                Err(Rejected {
                    error: Error::Closed,
                    ..
                }) => Some(false),
                Err(Rejected { item, .. }) => {
                    waiting = Some(item);
                    None
                }
            }
        });
        put.expect("no deadline")
    }

    /// `None` once the queue is closed and empty.
    fn get(&self) -> Option<u32> {
        let got = self
            .getters
            .wait(Deadline::NEVER, || match self.ring.pop() {
                Ok(item) => {
                    self.putters.wake_one();
                    Some(Some(*item))
                }
                Err(Error::Closed) => Some(None),
                Err(_) => None,
            });
        got.expect("no deadline")
    }

    fn close(&self) {
        self.ring.close();
        self.getters.wake_all();
        self.putters.wake_all();
    }
}

fn model(scene: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 20_000;
    builder.check(scene);
}

fn in_thread<R: 'static>(queue: &Arc<Queue>, work: fn(&Queue) -> R) -> JoinHandle<R> {
    let queue = Arc::clone(queue);
    thread::spawn(move || work(&queue))
}

/// The putter waits for room, the getter for items.
#[test]
fn two_items_through_one_slot() {
    model(|| {
        let queue = Queue::new(1);
        let getter = in_thread(&queue, |queue| [queue.get(), queue.get()]);
        assert!(queue.put(1) && queue.put(2));
        assert_eq!(getter.join().unwrap(), [Some(1), Some(2)]);
        assert_eq!((queue.ring.put(), queue.ring.len()), (2, 0));
    });
}

#[test]
fn two_getters_get_an_item_each() {
    model(|| {
        let queue = Queue::new(2);
        assert!(queue.put(1) && queue.put(2));
        let getter = in_thread(&queue, Queue::get);
        let got = [queue.get(), getter.join().unwrap()];
        assert!(matches!(got, [Some(1), Some(2)] | [Some(2), Some(1)]));
    });
}

#[test]
fn two_putters_share_one_slot() {
    model(|| {
        let queue = Queue::new(1);
        let putters = [
            in_thread(&queue, |queue| queue.put(1)),
            in_thread(&queue, |queue| queue.put(2)),
        ];
        let got = [queue.get(), queue.get()];
        assert!(matches!(got, [Some(1), Some(2)] | [Some(2), Some(1)]));
        assert!(putters.into_iter().all(|putter| putter.join().unwrap()));
    });
}

/// A put that meets a close is refused, or its item is got.
#[test]
fn a_close_loses_nothing() {
    model(|| {
        let queue = Queue::new(1);
        let putter = in_thread(&queue, |queue| queue.put(1));
        let closer = in_thread(&queue, Queue::close);
        let got = queue.get();
        assert_eq!(got.is_some(), putter.join().unwrap());
        closer.join().unwrap();
        assert_eq!(queue.get(), None);
    });
}

#[test]
fn a_close_wakes_all_getters() {
    model(|| {
        let queue = Queue::new(1);
        let getter = in_thread(&queue, Queue::get);
        let closer = in_thread(&queue, Queue::close);
        assert_eq!(queue.get(), None);
        assert_eq!(getter.join().unwrap(), None);
        closer.join().unwrap();
    });
}

/// A putter that waits for room, too.
#[test]
fn a_close_wakes_a_putter() {
    model(|| {
        let queue = Queue::new(1);
        assert!(queue.put(1));
        let putter = in_thread(&queue, |queue| queue.put(2));
        queue.close();
        assert!(!putter.join().unwrap());
        assert_eq!([queue.get(), queue.get()], [Some(1), None]);
    });
}
