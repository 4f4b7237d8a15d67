//! Twenty downloads, at most five at a time.
//!
//! ```text
//! $ cargo run -q -p coroutine --example semaphore
//! without a limit: 20 downloads, 20 at the same time
//! with a semaphore: 20 downloads, 5 at the same time
//! ```
//!
//! What to notice: coroutines cost next to nothing, so the limit is not ours but
//! somebody else's: the server that answers, the number of descriptors. A
//! semaphore lets so many pass and has the others wait; a permit is given back
//! when it is dropped, also by a download that fails or is cancelled. Python:
//! `asyncio.Semaphore(5)` (docs/python/coroutine_semaphore.py).
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{program, say};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

const DOWNLOADS: usize = 20;
const AT_ONCE: usize = 5;

/// How many downloads run, and the most that ever did.
#[derive(Default)]
struct Count {
    now: AtomicUsize,
    most: AtomicUsize,
}

fn main() -> ExitCode {
    program::example("Limits how many coroutines do something at once", || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build()?;
        runtime.block_on(async {
            for (name, limit) in [
                ("without a limit", Semaphore::MAX_PERMITS),
                ("with a semaphore", AT_ONCE),
            ] {
                let most = download_all(limit).await;
                say!("{name}: {DOWNLOADS} downloads, {most} at the same time");
            }
        });
        Ok(())
    })
}

// ANCHOR: semaphore
async fn download_all(limit: usize) -> usize {
    let (permits, count) = (Arc::new(Semaphore::new(limit)), Arc::<Count>::default());
    let mut downloads = JoinSet::new();
    for _ in 0..DOWNLOADS {
        let (permits, count) = (Arc::clone(&permits), Arc::clone(&count));
        downloads.spawn(async move {
            // An error would say that somebody closed the semaphore.
            let _permit = permits.acquire().await;
            download(&count).await;
        });
    }
    downloads.join_all().await;
    count.most.load(Ordering::Relaxed)
}
// ANCHOR_END: semaphore

async fn download(count: &Count) {
    let now = count.now.fetch_add(1, Ordering::Relaxed) + 1;
    count.most.fetch_max(now, Ordering::Relaxed);
    sleep(Duration::from_millis(20)).await;
    count.now.fetch_sub(1, Ordering::Relaxed);
}
