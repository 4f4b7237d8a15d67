//! What `async` is: the state machine that the compiler makes, by hand.
//!
//! ```text
//! $ cargo run -q -p coroutine --example by_hand
//! by the compiler: begins
//! by the compiler: waited once
//! by the compiler: waited twice
//! by the compiler: polled 3 times, gave 3
//! by hand: begins
//! by hand: waited once
//! by hand: waited twice
//! by hand: polled 3 times, gave 3
//! ```
//!
//! What to notice: each `await` cuts the function in two, so two of them make
//! three pieces, and each piece is a state. A local variable that is used behind
//! an `await` becomes a field. Calling the function runs none of it; `poll` runs
//! one piece.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use common::{program, say};
use coroutine::event_loop::{Sleep, run, sleep};

/// Long enough that a busy machine does not miss a state.
const WAIT: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    program::example("Shows the state machine behind an async function", || {
        let result = run(counted(compiled("by the compiler")))?;
        say!(
            "by the compiler: polled {} times, gave {}",
            result.1,
            result.0
        );
        let result = run(counted(ByHand::Begins("by hand")))?;
        say!("by hand: polled {} times, gave {}", result.1, result.0);
        Ok(())
    })
}

// ANCHOR: compiled
async fn compiled(who: &'static str) -> u32 {
    say!("{who}: begins");
    sleep(WAIT).await;
    say!("{who}: waited once");
    let sum = 1;
    sleep(WAIT).await;
    say!("{who}: waited twice");
    sum + 2
}
// ANCHOR_END: compiled

// ANCHOR: by_hand
enum ByHand {
    Begins(&'static str),
    First(&'static str, Sleep),
    Second(&'static str, Sleep, u32),
    Done,
}

impl Future for ByHand {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        loop {
            *self = match &mut *self {
                ByHand::Begins(who) => {
                    say!("{who}: begins");
                    ByHand::First(who, sleep(WAIT))
                }
                ByHand::First(who, timer) => {
                    // `ready!` returns `Pending` from here; the state stays.
                    ready!(pin!(timer).poll(context));
                    say!("{who}: waited once");
                    let sum = 1;
                    ByHand::Second(who, sleep(WAIT), sum)
                }
                ByHand::Second(who, timer, sum) => {
                    ready!(pin!(timer).poll(context));
                    say!("{who}: waited twice");
                    let result = *sum + 2;
                    *self = ByHand::Done;
                    return Poll::Ready(result);
                }
                ByHand::Done => panic!("polled after its end"),
            };
        }
    }
}
// ANCHOR_END: by_hand

/// What `future` gives, and how often it was polled.
async fn counted(future: impl Future<Output = u32>) -> (u32, u32) {
    let mut future = pin!(future);
    let polls = Cell::new(0);
    let result = poll_fn(|context| {
        polls.set(polls.get() + 1);
        future.as_mut().poll(context)
    })
    .await;
    (result, polls.get())
}
