//! First in, first out, as many as come: a crossbeam channel without its waiting.

use crossbeam_channel::{Receiver, Sender};
use crossbeam_utils::{Backoff, CachePadded};

use super::rejected::Rejected;
use super::sync::{AtomicU64, Ordering};
use crate::queue::Error;

/// A flag in the count of puts: no more may begin.
const CLOSED: u64 = 1 << 63;

/// Both ends of the channel stay here, so it never disconnects, and only its
/// non-blocking calls are used. Its own waiting would not do: only the drop of all
/// senders ends it, and a queue is closed while others hold it.
pub(super) struct Channel<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
    /// Puts that have begun, and [`CLOSED`].
    begun: CachePadded<AtomicU64>,
    /// Puts that have ended: their items are in the channel.
    ended: CachePadded<AtomicU64>,
}

impl<T> Channel<T> {
    pub(super) fn new() -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Channel {
            sender,
            receiver,
            begun: CachePadded::default(),
            ended: CachePadded::default(),
        }
    }

    pub(super) fn push(&self, item: T) -> Result<(), Rejected<T>> {
        let open = |begun| (begun & CLOSED == 0).then_some(begun + 1);
        let (set, fetch) = (Ordering::SeqCst, Ordering::Relaxed);
        let closed = |item| {
            let error = Error::Closed;
            Err(Rejected { error, item })
        };
        if self.begun.fetch_update(set, fetch, open).is_err() {
            return closed(item);
        }
        // Cannot fail: the receiver is here.
        let sent = self.sender.send(item);
        self.ended.fetch_add(1, Ordering::SeqCst);
        sent.or_else(|unsent| closed(unsent.into_inner()))
    }

    pub(super) fn pop(&self) -> Result<T, Error> {
        let backoff = Backoff::new();
        loop {
            if let Ok(item) = self.receiver.try_recv() {
                return Ok(item);
            }
            // Read what has ended before what has begun. If the two are equal, no
            // put was under way at the first read, none began before the second,
            // and every item can be seen.
            let ended = self.ended.load(Ordering::SeqCst);
            let begun = self.begun.load(Ordering::SeqCst);
            if begun & !CLOSED == ended {
                let none = match begun & CLOSED {
                    0 => Error::Empty,
                    _ => Error::Closed,
                };
                return self.receiver.try_recv().map_err(|_| none);
            }
            backoff.snooze();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.receiver.len()
    }

    /// How many items were put.
    pub(super) fn put(&self) -> u64 {
        self.begun.load(Ordering::SeqCst) & !CLOSED
    }

    pub(super) fn close(&self) {
        self.begun.fetch_or(CLOSED, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.begun.load(Ordering::SeqCst) & CLOSED != 0
    }
}
