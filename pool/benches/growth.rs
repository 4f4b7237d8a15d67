//! How the pool's cost and its memory grow with the number of tasks and of workers: `cargo bench -p pool --bench growth`. Each point is measured in
//! a fresh process.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use common::measure::{Growth, Unit, most_memory, seconds};
use multiproc::pool::Pool;

const PYTHON: &str = r#"
import multiprocessing, resource, sys, time
def nothing(n):
    pass
if __name__ == "__main__":
    what, n = sys.argv[1], int(sys.argv[2])
    start = time.perf_counter()
    pool = multiprocessing.get_context("fork").Pool(n if what.startswith("workers") else 2)
    pool.apply(nothing, (0,))
    if what in ("tasks", "memory"):
        start = time.perf_counter()
        for r in pool.imap(nothing, range(n)): pass
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(memory if what.endswith("memory") else seconds)
    pool.terminate()
"#;

/// CPython takes half a minute for a million.
const MOST_FOR_PYTHON: u64 = 100_000;

fn main() {
    let growth = Growth::new(PYTHON, MOST_FOR_PYTHON);
    if growth.is_point(point) {
        return;
    }
    let tasks = [100, 1_000, 10_000, 100_000, 1_000_000];
    let title = "tasks through a pool of 2 (imap)";
    growth.curve("tasks", title, "tasks", Unit::Seconds, &tasks);
    let title = "the most memory that the pool's program had";
    // Once every page of the two queues was used it is flat.
    let tasks = [100, 1_000, 10_000, 100_000, 1_000_000, 3_000_000];
    growth.curve("memory", title, "tasks", Unit::Bytes, &tasks);
    let workers = [1, 2, 4, 8, 16, 32, 64];
    let title = "start of a pool to the first result";
    growth.curve("workers", title, "workers", Unit::Seconds, &workers);
    let title = "the most memory that a pool's program had at its start";
    growth.curve("workers' memory", title, "workers", Unit::Bytes, &workers);
}

fn point(what: &str, number: u64) -> f64 {
    let number = u32::try_from(number).unwrap();
    if what.starts_with("workers") {
        let mut made = None;
        let time = seconds(|| made = Some(started(number as usize)));
        drop(made);
        return match what {
            "workers" => time,
            _ => most_memory(),
        };
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
