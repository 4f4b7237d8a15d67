//! The event loop of our own: what it promises, and what may go wrong in it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod descriptors;
mod tasks;
mod timers;
mod wakers;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

pub(crate) const MS: Duration = Duration::from_millis(1);
/// For what must happen: whoever waits as long has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Gives the others a turn.
pub(crate) async fn yield_now() {
    let mut first = true;
    poll_fn(|context| match std::mem::take(&mut first) {
        true => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
        false => Poll::Ready(()),
    })
    .await;
}

/// Adds to a list when it is dropped.
pub(crate) struct Told(
    pub(crate) Rc<RefCell<Vec<&'static str>>>,
    pub(crate) &'static str,
);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}
