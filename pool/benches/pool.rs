//! What the pool costs, beside CPython's: `cargo bench -p pool`.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint;
use std::time::{Duration, Instant};

use common::measure::{Comparison, Peer, Unit, seconds};
use multiproc::pool::Pool;

const TASKS: u32 = 200_000;
const NAPS: u32 = 2_000;

/// `apply_async` of an empty task, tasks a second.
const PYTHON_TASKS: &str = r#"
import multiprocessing, time
def nothing(n):
    pass
if __name__ == "__main__":
    n = 20000
    pool = multiprocessing.get_context("fork").Pool(2)
    pool.apply(nothing, (0,))
    start = time.perf_counter()
    results = [pool.apply_async(nothing, (i,)) for i in range(n)]
    for r in results: r.get()
    print(n / (time.perf_counter() - start))
    pool.terminate()
"#;

/// `imap` of an empty task, one at a time, tasks a second.
const PYTHON_IMAP: &str = r#"
import multiprocessing, time
def nothing(n):
    pass
if __name__ == "__main__":
    n = 20000
    pool = multiprocessing.get_context("fork").Pool(2)
    pool.apply(nothing, (0,))
    start = time.perf_counter()
    for r in pool.imap(nothing, range(n)): pass
    print(n / (time.perf_counter() - start))
    pool.terminate()
"#;

/// Start of a pool to the first result, seconds.
const PYTHON_START: &str = r#"
import multiprocessing, sys, time
def nothing(n):
    pass
if __name__ == "__main__":
    start = time.perf_counter()
    pool = multiprocessing.get_context("fork").Pool(int(sys.argv[1]))
    pool.apply(nothing, (0,))
    print(time.perf_counter() - start)
    pool.terminate()
"#;

/// Share of two workers' time that is spent in `map` of 1 ms tasks.
const PYTHON_MAP: &str = r#"
import multiprocessing, time
def work(n):
    end = time.perf_counter() + 0.001
    while time.perf_counter() < end:
        pass
if __name__ == "__main__":
    n = 1000
    pool = multiprocessing.get_context("fork").Pool(2)
    pool.map(work, range(2))
    start = time.perf_counter()
    pool.map(work, range(n))
    print(n * 0.001 / 2 / (time.perf_counter() - start))
    pool.terminate()
"#;

fn main() {
    // Started again, in a fresh process.
    if let [what, workers] = &*Peer::wanted()
        && what == "start"
    {
        println!("{}", start(workers.parse().unwrap()));
        return;
    }
    let python = Peer::python(PYTHON_TASKS);
    Comparison::new("apply_async of an empty task, 2 workers", Unit::PerSecond)
        .candidate("ours", || Some(apply_async()))
        .candidate(python.name(), || python.number(&[]))
        .run();
    let python = Peer::python(PYTHON_IMAP);
    Comparison::new(
        "imap of an empty task, one by one, 2 workers",
        Unit::PerSecond,
    )
    .candidate("ours", || Some(imap()))
    .candidate("ours, apply_async", || Some(apply_async()))
    .candidate(python.name(), || python.number(&[]))
    .run();
    let python = Peer::python(PYTHON_MAP);
    Comparison::new(
        "map of 1 ms tasks, 2 workers: share of time in tasks",
        Unit::Share,
    )
    .candidate("ours", || Some(map()))
    .candidate(python.name(), || python.number(&[]))
    .run();
    // Each in a process that has done nothing before, on both sides.
    let (fresh, python) = (Peer::this_program(), Peer::python(PYTHON_START));
    for workers in ["2", "4", "16", "64"] {
        let title = format!("pool of {workers}, start to first result");
        Comparison::new(title, Unit::Seconds)
            .rounds(11)
            .candidate("ours", || fresh.number(&["start", workers]))
            .candidate(python.name(), || python.number(&[workers]))
            .run();
    }
}

fn apply_async() -> f64 {
    let pool = Pool::new(2, |_: u32| ()).unwrap();
    pool.apply(0).unwrap();
    let time = seconds(|| {
        let results: Vec<_> = (0..TASKS).map(|n| pool.apply_async(n)).collect();
        results.into_iter().for_each(|result| result.get().unwrap());
    });
    pool.close().join().unwrap();
    f64::from(TASKS) / time
}

fn imap() -> f64 {
    let pool = Pool::new(2, |_: u32| ()).unwrap();
    pool.apply(0).unwrap();
    let time = seconds(|| pool.imap(0..TASKS, 1).for_each(|result| result.unwrap()));
    pool.close().join().unwrap();
    f64::from(TASKS) / time
}

fn map() -> f64 {
    let work = |_: u32| {
        let end = Instant::now() + Duration::from_millis(1);
        while Instant::now() < end {
            hint::spin_loop();
        }
    };
    let pool = Pool::new(2, work).unwrap();
    pool.map(0..2, Some(1)).unwrap();
    let time = seconds(|| drop(pool.map(0..NAPS, None).unwrap()));
    pool.close().join().unwrap();
    f64::from(NAPS) * 0.001 / 2.0 / time
}

fn start(workers: usize) -> f64 {
    let mut made = None;
    let time = seconds(|| {
        let pool = Pool::new(workers, |_: u32| ()).unwrap();
        pool.apply(0).unwrap();
        made = Some(pool);
    });
    drop(made);
    time
}
