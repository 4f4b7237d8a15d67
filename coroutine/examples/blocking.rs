//! One coroutine computes, and all others wait. And what to do about it.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p coroutine --example blocking
//! another coroutine wants to go on every 5 ms, while one computes:
//! where it is computed              times   longest wait
//! in the coroutine                      0         251 ms
//! in a thread beside the loop          49           6 ms
//! in a process beside the loop         48           6 ms
//! ```
//!
//! What to notice: a coroutine gives the thread away at an `await` and nowhere
//! else. A thread or a process beside the loop computes, and the coroutine awaits
//! its result. A thread is enough in Rust; a process also keeps what crashes, or
//! takes all memory, away from the loop (and in Python it is what computes at all,
//! beside the lock that all threads share).
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::{program, say};
use multiproc::pool::Pool;
use tokio::runtime::Builder;
use tokio::task::{spawn, spawn_blocking, yield_now};
use tokio::time::sleep;

const WORK: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    program::example("Shows what computing does to an event loop", || {
        let pool = Pool::new(1, |(): ()| compute())?;
        let runtime = Builder::new_current_thread().enable_time().build()?;
        runtime.block_on(async {
            let pause = PAUSE.as_millis();
            say!("another coroutine wants to go on every {pause} ms, while one computes:");
            say!(
                "{:<30} {:>8} {:>14}",
                "where it is computed",
                "times",
                "longest wait"
            );
            measure("in the coroutine", async {
                compute();
                Ok(())
            })
            .await?;
            measure("in a thread beside the loop", async {
                Ok(spawn_blocking(compute).await?)
            })
            .await?;
            measure("in a process beside the loop", async {
                Ok(pool.apply_async(()).await?)
            })
            .await
        })
    })
}

// ANCHOR: measure
async fn measure(how: &str, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let (tell, mut told) = tokio::sync::watch::channel(false);
    let other = spawn(async move {
        let (mut times, mut longest, mut last) = (0_u32, Duration::ZERO, Instant::now());
        while !*told.borrow_and_update() {
            sleep(PAUSE).await;
            longest = longest.max(last.elapsed());
            last = Instant::now();
            times += 1;
        }
        // The last time was after the end.
        (times - 1, longest)
    });
    // So that it has begun.
    yield_now().await;
    work.await?;
    tell.send(true)?;
    let (times, longest) = other.await?;
    say!("{how:<30} {times:>8} {:>11} ms", longest.as_millis());
    Ok(())
}
// ANCHOR_END: measure

/// Keeps a core busy.
fn compute() {
    let start = Instant::now();
    let mut n = 0_u64;
    while start.elapsed() < WORK {
        n = black_box(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
