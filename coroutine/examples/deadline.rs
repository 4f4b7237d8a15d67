//! A time-out for each step, and a deadline for all of them.
//!
//! ```text
//! $ cargo run -q -p coroutine --example deadline
//! 1 second for each of 3 steps: done after 2.4 seconds
//! 2 seconds for all: cut off in step 3 after 2.0 seconds
//! 2 seconds for all, and the steps know it: after 1.6 seconds step 3 is not begun
//! ```
//!
//! What to notice: three time-outs of a second let a caller wait for three. A
//! deadline is a point in time, and is handed on as it is. The third line is what
//! a polite program does: a step that cannot be done in what is left is not begun.
//!
//! The clock is tokio's, which here does not run but jumps: whenever all
//! coroutines wait, to the first time that one waits for. Tests of things that
//! take long are written this way.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use common::{program, say};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout, timeout_at};

const STEPS: u32 = 3;
const STEP: Duration = Duration::from_millis(800);
const EACH: Duration = Duration::from_secs(1);
const ALL: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    program::example("Compares time-outs for steps with one deadline", || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build()?;
        runtime.block_on(async {
            each_step().await;
            one_deadline().await;
            handed_on().await;
        });
        Ok(())
    })
}

// ANCHOR: deadline
async fn each_step() {
    let start = Instant::now();
    for _ in 1..=STEPS {
        if timeout(EACH, sleep(STEP)).await.is_err() {
            return;
        }
    }
    say!(
        "1 second for each of {STEPS} steps: done after {}",
        since(start)
    );
}

async fn one_deadline() {
    let start = Instant::now();
    let mut current = 0;
    let steps = async {
        for step in 1..=STEPS {
            current = step;
            sleep(STEP).await;
        }
    };
    if timeout_at(start + ALL, steps).await.is_err() {
        say!(
            "2 seconds for all: cut off in step {current} after {}",
            since(start)
        );
    }
}

async fn handed_on() {
    let start = Instant::now();
    let deadline = start + ALL;
    for step in 1..=STEPS {
        if deadline.duration_since(Instant::now()) < STEP {
            let after = since(start);
            say!(
                "2 seconds for all, and the steps know it: after {after} step {step} is not begun"
            );
            return;
        }
        sleep(STEP).await;
    }
}
// ANCHOR_END: deadline

fn since(start: Instant) -> String {
    format!("{:.1} seconds", start.elapsed().as_secs_f64())
}
