//! Items a second through the process queue, iceoryx2's publish-subscribe,
//! ipc-channel's channel and CPython's `multiprocessing.Queue`: `cargo bench -p
//! ipc-queue`. The two libraries are programs of their own in `bench/`.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::cell::Cell;
use std::time::Duration;

use common::measure::{Comparison, Peer, Unit, flow, seconds};
use multiproc::deadline::Deadline;
use multiproc::process::Process;
use multiproc::queue::process::{DEFAULT_BYTES, DEFAULT_ITEMS, Queue, Ring};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use serde_bytes::ByteBuf;

const PYTHON: &str = r#"
import multiprocessing, sys, time
n = int(sys.argv[1])
def produce(q):
    for i in range(n):
        q.put(i)
def consume(q, done):
    for i in range(n):
        q.get()
    done.set()
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    q, done = context.Queue(), context.Event()
    start = time.perf_counter()
    workers = [context.Process(target=produce, args=(q,)), context.Process(target=consume, args=(q, done))]
    for w in workers: w.start()
    done.wait()
    print(n / (time.perf_counter() - start))
    for w in workers: w.join()
"#;

fn main() {
    let iceoryx2 = Peer::built("iceoryx2");
    let ipc_channel = Peer::built("ipc-channel");
    let python = Peer::python(PYTHON);
    Comparison::new("u64, one producer, one consumer", Unit::PerSecond)
        .candidate("ours", || Some(ours(1, 4_000_000)))
        .candidate(iceoryx2.name(), || {
            iceoryx2.number(&["one-way", "2000000", "8"])
        })
        .candidate(ipc_channel.name(), || {
            ipc_channel.number(&["small", "400000"])
        })
        .candidate(python.name(), || python.number(&["100000"]))
        .run();
    Comparison::new("u64, two producers, two consumers", Unit::PerSecond)
        .candidate("ours", || Some(ours(2, 2_000_000)))
        .candidate("ours, one to one", || Some(ours(1, 4_000_000)))
        .run();
    Comparison::new("4 KiB written and read in place", Unit::PerSecond)
        .candidate("ours", || Some(in_place(400_000)))
        .candidate(iceoryx2.name(), || {
            iceoryx2.number(&["one-way", "400000", "4096"])
        })
        .run();
    let item = ByteBuf::from(vec![7; 4096]);
    Comparison::new("4 KiB, one producer, one consumer", Unit::PerSecond)
        .candidate("ours", || Some(run(1, 1_000_000, &item)))
        .candidate(iceoryx2.name(), || {
            iceoryx2.number(&["one-way", "500000", "4096"])
        })
        .candidate(ipc_channel.name(), || {
            ipc_channel.number(&["one-way", "200000", "4096"])
        })
        .run();
    idle();
}

/// The CPU time of a reader that waits for ten seconds in vain.
fn idle() {
    let queue: Queue<u64> = Queue::new().unwrap();
    let wait = || {
        assert!(queue.get_timeout(Duration::from_secs(10)).is_err());
        let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
        let time = |time: TimeVal| time.num_microseconds();
        println!(
            "a reader blocked for 10 s used {} µs of CPU time",
            time(usage.user_time()) + time(usage.system_time())
        );
    };
    Process::spawn("reader", wait)
        .unwrap()
        .join_success()
        .unwrap();
}

/// Every byte is written where it stands, and read there.
fn in_place(items: usize) -> f64 {
    let ring = Ring::new(DEFAULT_ITEMS, DEFAULT_BYTES, 0).unwrap();
    let sum = Cell::new(0);
    let put = || {
        let mut room = ring.reserve(4096, Deadline::NEVER).unwrap();
        room.fill(7);
        room.put();
    };
    let get = || {
        let item = ring.front(Deadline::NEVER).unwrap();
        sum.set(sum.get() + item.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    };
    let rate = flow(1, items, put, get);
    assert_eq!(sum.get(), 7 * 4096 * (items as u64 + 1));
    rate
}

fn ours(pairs: u64, each: u64) -> f64 {
    run(pairs, each, &7_u64)
}

/// `pairs` producers put `each` items, as many consumers get them.
fn run<T>(pairs: u64, each: u64, item: &T) -> f64
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let queue: Queue<T> = Queue::new().unwrap();
    // Everybody waits here until all are there.
    let start: Queue<()> = Queue::new().unwrap();
    let ready: Queue<()> = Queue::new().unwrap();
    let work = |body: &dyn Fn()| {
        ready.put(&()).unwrap();
        start.get().unwrap();
        body();
    };
    let consumers: Vec<_> = (0..pairs)
        .map(|_| {
            Process::spawn("consumer", || {
                work(&|| (0..each).for_each(|_| drop(queue.get().unwrap())))
            })
        })
        .collect();
    let producers: Vec<_> = (0..pairs)
        .map(|_| {
            Process::spawn("producer", || {
                work(&|| (0..each).for_each(|_| queue.put(item).unwrap()))
            })
        })
        .collect();
    (0..2 * pairs).for_each(|_| ready.get().unwrap());
    let time = seconds(|| {
        (0..2 * pairs).for_each(|_| start.put(&()).unwrap());
        for process in producers.into_iter().chain(consumers) {
            assert!(process.unwrap().join().unwrap().success());
        }
    });
    (pairs * each) as f64 / time
}
