//! Waiting for a time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::Shared;

/// Stands for "never" where a time cannot be told: about thirty years.
const FAR: Duration = Duration::from_secs(1_000_000_000);

/// A time, and a number that tells those of the same time apart.
type Key = (Instant, u64);

/// Who waits for which time, the earliest first. A map in order and not a
/// heap: a time-out that was not needed is taken out at once, and most are not.
#[derive(Debug, Default)]
pub(super) struct Timers {
    waiting: RefCell<BTreeMap<Key, Waker>>,
    last: Cell<u64>,
}

impl Timers {
    pub(super) fn first(&self) -> Option<Instant> {
        let waiting = self.waiting.borrow();
        waiting.first_key_value().map(|((time, _), _)| *time)
    }

    /// Wakes those whose time has come, in the order of their times.
    pub(super) fn fire(&self, now: Instant) {
        let mut due = Vec::new();
        let mut waiting = self.waiting.borrow_mut();
        while let Some(first) = waiting.first_entry()
            && first.key().0 <= now
        {
            due.push(first.remove());
        }
        // A waker may be anybody's code, and use timers.
        drop(waiting);
        due.into_iter().for_each(Waker::wake);
    }
}

/// Waits for `length`, counted from this call.
pub fn sleep(length: Duration) -> Sleep {
    let now = Instant::now();
    let until = now.checked_add(length).unwrap_or_else(|| now + FAR);
    Sleep { until, timer: None }
}

/// See [`sleep`]. Dropping it takes it out of the loop's timers.
// ANCHOR: sleep
#[must_use = "futures do nothing unless awaited"]
#[derive(Debug)]
pub struct Sleep {
    until: Instant,
    timer: Option<(Timer, Key)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let until = self.until;
        let (Timer(shared), key) = self.timer.get_or_insert_with(|| {
            let shared = Shared::current();
            let number = shared.timers.last.get();
            shared.timers.last.set(number + 1);
            (Timer(shared), (until, number))
        });
        // Each time: it may be another task that polls us now.
        let waker = context.waker().clone();
        shared.timers.waiting.borrow_mut().insert(*key, waker);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((Timer(shared), key)) = &self.timer {
            shared.timers.waiting.borrow_mut().remove(key);
        }
    }
}
// ANCHOR_END: sleep

/// The loop in which a timer is.
struct Timer(Rc<Shared>);

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Timer")
    }
}

/// The time was over before the future was done.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("timed out")]
pub struct Elapsed;

/// Gives `future` so much time, counted from this call. When it is over the
/// future is dropped where it waits.
///
/// # Errors
///
/// [`Elapsed`].
pub fn timeout<F: Future>(
    time: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    let limit = sleep(time);
    async move {
        let (mut future, mut limit) = (pin!(future), pin!(limit));
        poll_fn(|context| {
            // The future first: what is there in the last moment counts.
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(value));
            }
            limit.as_mut().poll(context).map(|()| Err(Elapsed))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_loop::{run, spawn};

    #[test]
    fn a_timer_that_is_dropped_leaves_nothing() {
        run(async {
            let far = Duration::from_secs(3600);
            let waiting = || Shared::current().timers.waiting.borrow().len();
            for _ in 0..10_000 {
                // A time-out that is not needed: the task ends in the next turn.
                let task = spawn(async { 1 });
                assert_eq!(timeout(far, task).await, Ok(Ok(1)));
                assert_eq!(waiting(), 0);
            }
            let sleeper = spawn(sleep(far));
            sleep(Duration::from_millis(1)).await;
            assert_eq!(waiting(), 1);
            sleeper.abort();
            assert_eq!(waiting(), 0);
        })
        .expect("a loop");
    }
}
