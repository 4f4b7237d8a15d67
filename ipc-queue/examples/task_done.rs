//! Waiting until the work is done, not only handed out.
//!
//! ```text
//! $ cargo run -q -p ipc-queue --example task_done
//! 2 producers put 20 tasks
//! join returned: 0 unfinished, 20 done by 3 workers
//! one task_done too many: task_done() called too many times
//! ```
//!
//! Python: `JoinableQueue`, `task_done`, `join`. What to notice: an empty queue
//! means that every task has been taken, not that every task is done.
//! `close` then tells the workers that no more will come.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{program, say};
use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::Queue;
use multiproc::shared::Shared;

fn main() -> ExitCode {
    program::example("Shows task_done, join and close", || {
        let queue = Queue::new()?;
        let done = Shared::new(AtomicU32::new(0))?;
        let work = || loop {
            match queue.get() {
                Ok(task) => {
                    done.fetch_add(u32::from(task < 10), Ordering::SeqCst);
                    queue.task_done()?;
                }
                Err(Error::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
        };
        let workers = (0..3)
            .map(|_| Process::spawn("worker", work))
            .collect::<Result<Vec<_>, _>>()?;
        let produce = || (0..10_u32).try_for_each(|task| queue.put(&task));
        let producers = (0..2)
            .map(|_| Process::spawn("producer", produce))
            .collect::<Result<Vec<_>, _>>()?;

        for producer in producers {
            producer.join_success()?;
        }
        say!("2 producers put 20 tasks");
        // A worker that died would leave its task undone for ever.
        while !queue.join_timeout(Duration::from_millis(100)) {
            for worker in &workers {
                if !worker.is_alive()? {
                    worker.join_success()?;
                }
            }
        }
        say!(
            "join returned: {} unfinished, {} done by 3 workers",
            queue.len(),
            done.load(Ordering::SeqCst)
        );
        queue.close();
        for worker in workers {
            worker.join_success()?;
        }
        if let Err(error) = queue.task_done() {
            say!("one task_done too many: {error}");
        }
        Ok(())
    })
}
