//! Places for connections that have not proven the key yet.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long all places may be taken before the oldest is cleared. A handshake
/// takes milliseconds; who needs longer while others wait is silent.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bounded waiting room.
#[derive(Debug)]
pub(crate) struct Gate {
    inside: Mutex<VecDeque<(u64, Instant)>>,
    left: Condvar,
    places: usize,
}

impl Gate {
    pub(crate) fn new(places: usize) -> Self {
        Gate {
            inside: Mutex::default(),
            left: Condvar::new(),
            places: places.max(1),
        }
    }

    /// Takes a place for the connection `id`, waiting for one if need be;
    /// `throw_out` ends the connection that has had its place longest.
    pub(crate) fn enter(&self, id: u64, throw_out: impl Fn(u64)) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        while inside.len() >= self.places {
            let Some((oldest, since)) = inside.front().copied() else {
                break;
            };
            let left = PATIENCE.saturating_sub(since.elapsed());
            if left.is_zero() {
                inside.pop_front();
                throw_out(oldest);
            } else {
                let waited = self.left.wait_timeout(inside, left);
                (inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
        inside.push_back((id, Instant::now()));
    }

    /// Gives the place of `id` back, if it still has one.
    pub(crate) fn leave(&self, id: u64) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.retain(|(other, _)| *other != id);
        self.left.notify_one();
    }
}
