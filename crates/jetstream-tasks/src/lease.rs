//! Leases: a task belongs to its worker for a time, which is renewed as long as
//! the worker holds it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::settings::millis;

/// All leases that this client holds.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<HashMap<String, Arc<Lease>>>,
}

/// The right to work on a task.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Where the server listens for words about this delivery; no two
    /// deliveries have the same.
    pub(crate) delivery: String,
    /// When it ends, unless it is renewed; in milliseconds of [`now`].
    ends: AtomicU64,
    /// It is not renewed beyond this.
    limit: u64,
    renewing: AtomicBool,
}

impl Lease {
    /// Whether it holds, as far as this machine's clock and the network's delays
    /// can tell. The record of the task's outcome has the last word.
    pub(crate) fn holds(&self) -> bool {
        !self.left().is_zero()
    }

    /// For how long it still holds.
    pub(crate) fn left(&self) -> Duration {
        Duration::from_millis(self.ends.load(Ordering::Relaxed).saturating_sub(now()))
    }
}

impl Leases {
    pub(crate) fn add(&self, delivery: String, ack_wait: Duration, limit: u64) -> Arc<Lease> {
        let lease = Arc::new(Lease {
            delivery: delivery.clone(),
            ends: AtomicU64::new(limit.min(now() + millis(ack_wait))),
            limit,
            renewing: AtomicBool::new(false),
        });
        self.lock().insert(delivery, Arc::clone(&lease));
        lease
    }

    /// This client no longer holds its task.
    pub(crate) fn remove(&self, lease: &Lease) {
        self.lock().remove(&lease.delivery);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Lease>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews all of them, for ever.
    pub(crate) async fn keep(self: Arc<Self>, api: Api, ack_wait: Duration) {
        let third = ack_wait / 3;
        loop {
            sleep(third).await;
            let soon = now() + 2 * millis(third) + 1;
            let due: Vec<_> = {
                let mut held = self.lock();
                // One that has run out stays out, even if the server would
                // still take the word: somebody else may have the task.
                held.retain(|_, lease| lease.holds());
                held.values()
                    .filter(|lease| lease.ends.load(Ordering::Relaxed) <= soon)
                    .filter(|lease| lease.ends.load(Ordering::Relaxed) < lease.limit)
                    .filter(|lease| !lease.renewing.swap(true, Ordering::Relaxed))
                    .cloned()
                    .collect()
            };
            for lease in due {
                let api = api.clone();
                tokio::spawn(async move {
                    renew(&api, &lease, ack_wait).await;
                    lease.renewing.store(false, Ordering::Relaxed);
                });
            }
        }
    }
}

async fn renew(api: &Api, lease: &Lease, ack_wait: Duration) {
    let sent = now();
    let left = lease.ends.load(Ordering::Relaxed).saturating_sub(sent);
    let until = Instant::now() + Duration::from_millis(left);
    let word = Bytes::from_static(b"+WPI");
    let answer = api.acknowledge(&lease.delivery, &word, until).await;
    // Not from the moment of the answer, which may have taken long to arrive.
    if answer.is_ok() && lease.holds() {
        let ends = lease.limit.min(sent + millis(ack_wait));
        lease.ends.fetch_max(ends, Ordering::Relaxed);
    }
}

/// Milliseconds of a clock that goes on while this process is stopped and while
/// the machine sleeps.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1000 + u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0)
}
