//! The thread queue with all its counters, beside bare channels, and beside
//! CPython's `queue.Queue` doing the same. The aims: at least 0.6 of crossbeam's
//! channel, which counts nothing, and 20 times CPython.
//!
//! ```text
//! cargo bench -p threads
//! ```
#![forbid(unsafe_code)]

use std::sync::mpsc;
use std::thread;

use common::measure::{Comparison, Unit, python, seconds};
use multiproc::queue::thread::Queue;

const ITEMS: u64 = 2_000_000;
const CAPACITY: usize = 1024;

fn main() {
    // CPython has no bound by default; where there is one, both have it.
    for (title, maxsize) in [("no bound", 0), ("1024 at most", CAPACITY)] {
        Comparison::new(
            format!("a thread queue: one to one, {title}"),
            Unit::PerSecond,
        )
        .candidate("Queue", || Some(ours(&Queue::new(maxsize))))
        .candidate("crossbeam channel, no counters", || Some(channel(maxsize)))
        .candidate("std::sync::mpsc, no counters", || {
            Some(std_channel(maxsize))
        })
        .candidate("Python's queue.Queue", || {
            python(PYTHON, &["200000", &maxsize.to_string()])
        })
        .run();
    }
    for (title, threads) in [("two to two", 2), ("four to four", 4)] {
        let title = format!("a thread queue: {title}, {CAPACITY} at most");
        let mut row = Comparison::new(title, Unit::PerSecond)
            .candidate("Queue", || Some(many(&Queue::new(CAPACITY), threads)))
            .candidate("crossbeam channel, no counters", || {
                Some(many_channels(threads))
            });
        if threads == 4 {
            row = row
                .candidate("Queue::lifo", || {
                    Some(many(&Queue::lifo(CAPACITY), threads))
                })
                .candidate("Queue::priority", || {
                    Some(many(&Queue::priority(CAPACITY), threads))
                });
        }
        row.run();
    }
}

fn ours(queue: &Queue<u64>) -> f64 {
    let time = seconds(|| {
        thread::scope(|scope| {
            scope.spawn(|| consume(queue));
            for item in 0..ITEMS {
                queue.put(item).expect("open");
            }
            queue.join();
            queue.close();
        });
    });
    ITEMS as f64 / time
}

fn consume(queue: &Queue<u64>) {
    while let Ok(item) = queue.get() {
        std::hint::black_box(item);
        queue.task_done().expect("one for each get");
    }
}

fn swallow(item: u64) {
    std::hint::black_box(item);
}

fn channel(maxsize: usize) -> f64 {
    let (sender, receiver) = match maxsize {
        0 => crossbeam_channel::unbounded(),
        most => crossbeam_channel::bounded(most),
    };
    let time = seconds(|| {
        thread::scope(|scope| {
            scope.spawn(move || receiver.iter().for_each(swallow));
            for item in 0..ITEMS {
                sender.send(item).expect("the receiver lives");
            }
            drop(sender);
        });
    });
    ITEMS as f64 / time
}

fn std_channel(maxsize: usize) -> f64 {
    let receive = |receiver: mpsc::Receiver<u64>| {
        receiver.iter().for_each(swallow);
    };
    let time = seconds(|| {
        thread::scope(|scope| {
            if maxsize == 0 {
                let (sender, receiver) = mpsc::channel();
                scope.spawn(move || receive(receiver));
                (0..ITEMS).for_each(|item| sender.send(item).expect("the receiver lives"));
            } else {
                let (sender, receiver) = mpsc::sync_channel(maxsize);
                scope.spawn(move || receive(receiver));
                (0..ITEMS).for_each(|item| sender.send(item).expect("the receiver lives"));
            }
        });
    });
    ITEMS as f64 / time
}

fn many(queue: &Queue<u64>, threads: u64) -> f64 {
    let time = seconds(|| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| consume(queue));
            }
            let producer = || (0..ITEMS / threads).for_each(|item| queue.put(item).expect("open"));
            let producers: Vec<_> = (0..threads).map(|_| scope.spawn(producer)).collect();
            for producer in producers {
                producer.join().expect("no panic");
            }
            queue.join();
            queue.close();
        });
    });
    ITEMS as f64 / time
}

fn many_channels(threads: u64) -> f64 {
    let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
    let time = seconds(|| {
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                scope.spawn(move || receiver.iter().for_each(swallow));
                scope.spawn(move || {
                    let send = |item| sender.send(item).expect("a receiver lives");
                    (0..ITEMS / threads).for_each(send);
                });
            }
            drop(sender);
        });
    });
    ITEMS as f64 / time
}

const PYTHON: &str = "
import queue, sys, threading, time
items, maxsize = int(sys.argv[1]), int(sys.argv[2])
q = queue.Queue(maxsize)
def consume():
    for _ in range(items):
        q.get()
        q.task_done()
thread = threading.Thread(target=consume)
start = time.perf_counter()
thread.start()
for item in range(items):
    q.put(item)
q.join()
print(items / (time.perf_counter() - start))
";
