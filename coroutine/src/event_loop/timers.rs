//! Waiting for a time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::{Id, Shared};

/// Stands for "never" where a time cannot be told: about thirty years.
const FAR: Duration = Duration::from_secs(1_000_000_000);

/// A time, and a number that tells those of the same time apart.
type Key = (Instant, Id);

/// Who waits for which time, the earliest first. A map in order and not a
/// heap: a time-out that was not needed is taken out at once, and most are not.
#[derive(Default)]
pub(super) struct Timers(pub(super) RefCell<BTreeMap<Key, Waker>>);

impl Timers {
    /// The time until the first of them.
    pub(super) fn left(&self) -> Option<Duration> {
        let timers = self.0.borrow();
        let (first, _) = timers.keys().next()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    /// Wakes those whose time has come, in the order of their times.
    pub(super) fn fire(&self) {
        while self.left() == Some(Duration::ZERO) {
            let first = self.0.borrow_mut().pop_first();
            // A waker may be anybody's code, and use timers.
            first.into_iter().for_each(|(_, waker)| waker.wake());
        }
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
pub struct Sleep {
    until: Instant,
    timer: Option<(Rc<Shared>, Key)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        if Instant::now() >= until {
            return Poll::Ready(());
        }
        let (shared, key) = self.timer.get_or_insert_with(|| {
            let shared = Shared::current();
            let number = shared.number();
            (shared, (until, number))
        });
        // Each time: it may be another task that polls us now.
        let waker = context.waker().clone();
        shared.timers.0.borrow_mut().insert(*key, waker);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((shared, key)) = &self.timer {
            shared.timers.0.borrow_mut().remove(key);
        }
    }
}
// ANCHOR_END: sleep

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sleep until {:?}", self.until)
    }
}

/// The time was over before the future was done.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("timed out")]
pub struct Elapsed;

/// Gives `future` so much time, counted from its first poll. When it is over
/// the future is dropped where it waits.
///
/// # Errors
///
/// [`Elapsed`].
pub async fn timeout<F: Future>(time: Duration, future: F) -> Result<F::Output, Elapsed> {
    let (mut future, mut limit) = (pin!(future), pin!(sleep(time)));
    poll_fn(|context| match future.as_mut().poll(context) {
        // The future first: what is there in the last moment counts.
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| Err(Elapsed)),
    })
    .await
}
