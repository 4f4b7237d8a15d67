//! No room, or no item: wait, wait for a while, or do not wait.
//!
//! ```text
//! $ cargo run -q -p ipc-queue --example full_and_empty
//! put A, put B: 2 of 2, the queue is full: true
//! try_put C: the queue is full
//! put_timeout C, 0.1 s: the queue is full
//! get: A
//! try_put C: done
//! get: B, get: C
//! try_get: the queue is empty
//! get_timeout, 0.1 s: the queue is empty
//! get, while another process puts D: D
//! ```
//!
//! Python: `put(x)`, `put(x, timeout=0.1)`, `put_nowait(x)` or `put(x, False)`,
//! the same for `get`; the exceptions `queue.Full` and `queue.Empty`. What to
//! notice: an item that could not be put was not put, and nothing is lost by a
//! time-out. In Python `put_nowait` succeeds as soon as its feeder thread has
//! the item; here when any other process could get it.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use common::{program, say};
use multiproc::process::Process;
use multiproc::queue::process::Queue;

const A_WHILE: Duration = Duration::from_millis(100);
/// Far longer than it takes: a hang would be an error instead.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    program::example("Shows what full and empty queues do", || {
        let queue: Queue<String> = Queue::with_capacity(2, 1024)?;
        let [a, b, c, d] = ["A", "B", "C", "D"].map(String::from);
        queue.put(&a)?;
        queue.put(&b)?;
        let (items, full) = (queue.len(), queue.is_full());
        say!(
            "put A, put B: {items} of {}, the queue is full: {full}",
            queue.capacity()
        );
        match queue.try_put(&c) {
            Err(error) => say!("try_put C: {error}"),
            Ok(()) => bail!("there was room for a third"),
        }
        match queue.put_timeout(&c, A_WHILE) {
            Err(error) => say!("put_timeout C, 0.1 s: {error}"),
            Ok(()) => bail!("there was room for a third"),
        }
        say!("get: {}", queue.get()?);
        queue.try_put(&c)?;
        say!("try_put C: done");
        say!("get: {}, get: {}", queue.get()?, queue.get()?);
        match queue.try_get() {
            Err(error) => say!("try_get: {error}"),
            Ok(item) => bail!("there was a fourth: {item}"),
        }
        match queue.get_timeout(A_WHILE) {
            Err(error) => say!("get_timeout, 0.1 s: {error}"),
            Ok(item) => bail!("there was a fourth: {item}"),
        }
        let other = Process::spawn("other", || queue.put(&d))?;
        say!(
            "get, while another process puts D: {}",
            queue.get_timeout(PATIENCE)?
        );
        other.join_success()?;
        Ok(())
    })
}
