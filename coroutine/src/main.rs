//! Three coroutines in one thread that wait at the same time.
//!
//! ```text
//! cargo run -p coroutine
//! cargo run -p coroutine -- --on tokio
//! ```
//!
//! Python: `asyncio.run`, `create_task`, `await asyncio.sleep`. What to notice:
//! there is one thread, and it takes as long as the longest wait, not as long as
//! all of them together. A coroutine gives the thread away at each `await`, and
//! nowhere else. The event loop that runs them is this project's own, to be read
//! ([`coroutine::event_loop`]); `--on tokio` has tokio's run the same coroutines.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{program, say, timeline};
use coroutine::event_loop;
use coroutine::options::{Loop, Options};

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        let start = Instant::now();
        match options.on {
            Loop::Ours => event_loop::run(on_ours(&options.waits))??,
            Loop::Tokio => tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()?
                .block_on(on_tokio(&options.waits)),
        }
        let together = options.waits.iter().sum::<Duration>().as_secs_f64();
        let took = start.elapsed().as_secs_f64();
        say!("{together:.1} seconds of waiting took {took:.1} seconds.");
        Ok(())
    })
}

async fn on_ours(waits: &[Duration]) -> anyhow::Result<()> {
    let tasks: Vec<_> = (1..)
        .zip(waits.iter().copied())
        .map(|(n, wait)| event_loop::spawn(work(n, wait, event_loop::sleep(wait))))
        .collect();
    say!("{} coroutines are made, none has begun.", tasks.len());
    for task in tasks {
        task.await?;
    }
    Ok(())
}

async fn on_tokio(waits: &[Duration]) {
    let mut tasks = tokio::task::JoinSet::new();
    for (n, wait) in (1..).zip(waits.iter().copied()) {
        tasks.spawn(work(n, wait, tokio::time::sleep(wait)));
    }
    say!("{} coroutines are made, none has begun.", tasks.len());
    tasks.join_all().await;
}

async fn work(n: u32, wait: Duration, sleep: impl Future<Output = ()>) {
    let piece = async {
        say!("Coroutine {n} waits {:.1} seconds...", wait.as_secs_f64());
        sleep.await;
        say!("Coroutine {n} goes on.");
    };
    timeline::coroutine(format!("Coroutine {n}"), piece).await;
}
// ANCHOR_END: recipe
