//! How the pool's cost grows with the number of tasks and of workers, and whether
//! its memory does: `cargo bench -p pool --bench growth`. Each point is measured in
//! a fresh process.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use common::measure::{Curve, Peer, Unit, most_memory, seconds};
use multiproc::pool::Pool;

const PYTHON: &str = r#"
import multiprocessing, resource, sys, time
def nothing(n):
    pass
if __name__ == "__main__":
    what, n = sys.argv[1], int(sys.argv[2])
    start = time.perf_counter()
    pool = multiprocessing.get_context("fork").Pool(n if what == "workers" else 2)
    pool.apply(nothing, (0,))
    if what == "workers":
        print(time.perf_counter() - start)
    else:
        start = time.perf_counter()
        for r in pool.imap(nothing, range(n)): pass
        if what == "tasks":
            print(time.perf_counter() - start)
        else:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    pool.terminate()
"#;

/// CPython takes half a minute for a million.
const MOST_FOR_PYTHON: u64 = 100_000;

fn main() {
    if let [what, number] = &*Peer::wanted() {
        println!("{}", point(what, number.parse().unwrap()));
        return;
    }
    let tasks = [100, 1_000, 10_000, 100_000, 1_000_000];
    curve(
        "tasks",
        "tasks through a pool of 2 (imap)",
        Unit::Seconds,
        &tasks,
    );
    curve(
        "memory",
        "the most memory that the program had",
        Unit::Bytes,
        &tasks,
    );
    let workers = [1, 2, 4, 8, 16, 32, 64];
    curve(
        "workers",
        "start of a pool to the first result",
        Unit::Seconds,
        &workers,
    );
}

fn curve(what: &str, title: &str, unit: Unit, sizes: &[u64]) {
    let axis = if what == "workers" {
        "workers"
    } else {
        "tasks"
    };
    let (ours, python) = (Peer::this_program(), Peer::python(PYTHON));
    Curve::new(title, axis, unit, sizes.iter().copied())
        .line("ours", |size| ours.number(&[what, &size.to_string()]))
        .line(python.name(), |size| {
            (size <= MOST_FOR_PYTHON).then(|| python.number(&[what, &size.to_string()]))?
        })
        .run();
}

fn point(what: &str, number: u32) -> f64 {
    if what == "workers" {
        let mut made = None;
        let time = seconds(|| made = Some(started(number as usize)));
        drop(made);
        return time;
    }
    let pool = started(2);
    let time = seconds(|| pool.imap(0..number, 1).for_each(|result| result.unwrap()));
    pool.close().join().unwrap();
    match what {
        "tasks" => time,
        _ => most_memory(),
    }
}

fn started(workers: usize) -> Pool<u32, ()> {
    let pool = Pool::new(workers, |_: u32| ()).unwrap();
    pool.apply(0).unwrap();
    pool
}
