//! A producer that is faster than its consumer, and a queue with two places.
//!
//! ```text
//! $ cargo run -q -p coroutine --example bounded_queue
//! put 1
//! put 2
//! 3 has to wait: the queue is full
//! got 1
//! put 3
//! 4 has to wait: the queue is full
//! got 2
//! put 4
//! got 3
//! got 4
//! the producer is gone, the queue is empty
//! ```
//!
//! What to notice: waiting for room is an `await` like any other, so a full queue
//! slows its producer down and nobody else. A queue without a bound would take
//! all that the producer makes, and memory for it. When the last sender is
//! dropped, the consumer gets what is left and then the end. Python's
//! `asyncio.Queue(2)` (docs/python/coroutine_bounded_queue.py) does the same.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use common::{program, say};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::task::JoinSet;
use tokio::time::sleep;

const PLACES: usize = 2;
const ITEMS: u32 = 4;

fn main() -> ExitCode {
    program::example("Shows a producer that waits for its consumer", || {
        // With a clock that jumps: see the example `deadline`.
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build()?;
        runtime.block_on(async {
            let (sender, receiver) = channel(PLACES);
            let mut tasks = JoinSet::new();
            tasks.spawn(produce(sender));
            tasks.spawn(consume(receiver));
            tasks.join_all().await;
        });
        Ok(())
    })
}

// ANCHOR: queue
async fn produce(queue: Sender<u32>) {
    for n in 1..=ITEMS {
        if let Err(TrySendError::Full(n)) = queue.try_send(n) {
            say!("{n} has to wait: the queue is full");
            if queue.send(n).await.is_err() {
                return; // nobody is there to take it
            }
        }
        say!("put {n}");
    }
}

async fn consume(mut queue: Receiver<u32>) {
    sleep(Duration::from_millis(20)).await;
    while let Some(n) = queue.recv().await {
        say!("got {n}");
        sleep(Duration::from_millis(20)).await;
    }
    say!("the producer is gone, the queue is empty");
}
// ANCHOR_END: queue
