//! A producer, two consumers, and a `join` that waits until the work is done,
//! not merely taken.
//!
//! <!-- numbers vary; any order -->
//! ```text
//! $ cargo run -q -p threads --example queue_join
//! Producer: 6 pages to print
//! Printer-1 printed page 1
//! Printer-2 printed page 2
//! Printer-1 printed page 3
//! Printer-2 printed page 4
//! Printer-1 printed page 5
//! Printer-2 printed page 6
//! Producer: all pages are printed
//! Printer-1: the queue is closed
//! Printer-2: the queue is closed
//! ```
//!
//! Python: `queue.Queue` with `task_done()` and `join()`, and `shutdown()`
//! since 3.13. What to notice: who prints which page differs from run to run;
//! that all pages are printed when `join` returns does not. The queue holds two
//! pages, so the producer waits for its consumers.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::thread;

use common::{program, say};
use multiproc::queue::thread::Queue;
use multiproc::thread::{Builder, current_name};

const PAGES: u32 = 6;

// ANCHOR: queue
fn main() -> ExitCode {
    program::example(
        "Waits with join until every item of a queue is done",
        || {
            let queue = Queue::new(2);
            thread::scope(|scope| {
                let start = |number| {
                    let printer = Builder::new().name(format!("Printer-{number}"));
                    printer.spawn_scoped(scope, || print(&queue)).map(drop)
                };
                let started = (1..=2).try_for_each(start).map_err(anyhow::Error::from);
                let produced = started.and_then(|()| produce(&queue));
                // On every path, even if the second printer could not be started:
                // the first one waits for pages, or for this.
                queue.close();
                produced
            })
        },
    )
}

fn produce(queue: &Queue<u32>) -> anyhow::Result<()> {
    say!("Producer: {PAGES} pages to print");
    for page in 1..=PAGES {
        queue.put(page)?;
    }
    queue.join();
    say!("Producer: all pages are printed");
    Ok(())
}

fn print(queue: &Queue<u32>) {
    while let Ok(page) = queue.get() {
        say!("{} printed page {page}", current_name());
        queue.task_done().expect("one for each get");
    }
    say!("{}: the queue is closed", current_name());
}
// ANCHOR_END: queue
