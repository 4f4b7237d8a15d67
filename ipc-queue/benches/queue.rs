//! Items a second through the process queue, iceoryx2's publish-subscribe,
//! ipc-channel's channel and CPython's `multiprocessing.Queue`: `cargo bench -p
//! ipc-queue`. The two libraries are programs of their own in `bench/`.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;
use std::time::Duration;

use common::measure::{Comparison, Peer, Unit, flow, seconds};
use multiproc::deadline::Deadline;
use multiproc::process::Process;
use multiproc::queue::process::{DEFAULT_BYTES, DEFAULT_ITEMS, Queue, Ring};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

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

const PYTHON_IDLE: &str = r#"
import multiprocessing, queue, time
q = multiprocessing.Queue()
start = time.process_time()
try:
    q.get(timeout=5)
except queue.Empty:
    print(time.process_time() - start)
"#;

fn main() {
    let iceoryx2 = Peer::built("iceoryx2");
    let ipc_channel = Peer::built("ipc-channel");
    let python = Peer::python(PYTHON);
    Comparison::new("a process queue: u64, one to one", Unit::PerSecond)
        .candidate("ours", || Some(ours(1, 4_000_000)))
        .candidate(iceoryx2.name(), || {
            iceoryx2.number(&["one-way", "2000000", "8"])
        })
        .candidate(ipc_channel.name(), || {
            ipc_channel.number(&["small", "400000"])
        })
        .candidate(python.name(), || python.number(&["100000"]))
        .run();
    Comparison::new("a process queue: u64, two to two", Unit::PerSecond)
        .candidate("ours", || Some(ours(2, 2_000_000)))
        .candidate("ours, one to one", || Some(ours(1, 4_000_000)))
        .run();
    for (size, name, count) in [(4 << 10, "4 KiB", 200_000), (64 << 10, "64 KiB", 20_000)] {
        let arguments = [count.to_string(), size.to_string()];
        let arguments = ["one-way", &arguments[0], &arguments[1]];
        let title = format!("a process queue: {name} written and read, in place");
        Comparison::new(title, Unit::PerSecond)
            .candidate("ours", || Some(in_place(size, count)))
            .candidate("put and get", || Some(copied(size, count)))
            .candidate(iceoryx2.name(), || iceoryx2.number(&arguments))
            .candidate(ipc_channel.name(), || ipc_channel.number(&arguments))
            .run();
    }
    Comparison::new("a process queue: round trips over two", Unit::PerSecond)
        .candidate("ours", || Some(round_trips(200_000)))
        .candidate(iceoryx2.name(), || {
            iceoryx2.number(&["round-trip", "500000"])
        })
        .run();
    let idle = Peer::python(PYTHON_IDLE);
    Comparison::new(
        "a process queue: CPU time of waiting for 5 s",
        Unit::Seconds,
    )
    .rounds(1)
    .candidate("ours", || Some(waiting()))
    .candidate(idle.name(), || idle.number(&[]))
    .run();
}

/// The CPU time of a reader that waits for five seconds in vain.
fn waiting() -> f64 {
    let (queue, used): (Queue<u64>, Queue<f64>) = (Queue::new().unwrap(), Queue::new().unwrap());
    let wait = || {
        assert!(queue.get_timeout(Duration::from_secs(5)).is_err());
        let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
        let time = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
        let all = time(usage.user_time()) + time(usage.system_time());
        used.put(&all).unwrap();
    };
    let reader = Process::spawn("reader", wait).unwrap();
    reader.join_success().unwrap();
    used.get().unwrap()
}

/// Every byte is written where it stands, and read there.
fn in_place(size: usize, items: usize) -> f64 {
    let ring = Ring::new(DEFAULT_ITEMS, DEFAULT_BYTES, 0).unwrap();
    let put = || {
        let mut room = ring.reserve(size, Deadline::NEVER).unwrap();
        room.fill(7);
        room.put();
    };
    all_read(size, items, put, || {
        sum(&ring.front(Deadline::NEVER).unwrap())
    })
}

/// The same with a copy in and one out: written in a buffer, read in another.
fn copied(size: usize, items: usize) -> f64 {
    let queue: Queue<Vec<u8>> = Queue::new().unwrap();
    let mut item = vec![0; size];
    let put = || {
        black_box(&mut item).fill(7);
        queue.put(&item).unwrap();
    };
    all_read(size, items, put, || sum(&queue.get().unwrap()))
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}

/// Items a second; the sum of each shows that every byte was read.
fn all_read(size: usize, items: usize, put: impl FnMut(), get: impl Fn() -> u64) -> f64 {
    let each = 7 * size as u64;
    flow(1, items, put, || assert_eq!(get(), each))
}

/// A `u64` to another process and back.
fn round_trips(count: u64) -> f64 {
    let (there, back): (Queue<u64>, Queue<u64>) = (Queue::new().unwrap(), Queue::new().unwrap());
    let echo = || (0..=count).for_each(|_| back.put(&there.get().unwrap()).unwrap());
    let echo = Process::spawn("echo", echo).unwrap();
    let trip = |n: u64| {
        there.put(&n).unwrap();
        assert_eq!(back.get().unwrap(), n);
    };
    trip(0);
    let time = seconds(|| (0..count).for_each(trip));
    echo.join_success().unwrap();
    count as f64 / time
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
