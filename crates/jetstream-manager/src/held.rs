//! What clients have taken and not acknowledged yet, by their connections.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jetstream_tasks::{Body, Error, RawTask};

use crate::bridge::Acknowledge;

/// One item in a client's hands.
#[derive(Debug)]
struct Item {
    /// The name of its queue.
    queue: String,
    acknowledge: Acknowledge,
    task: Leased,
}

/// All of them. The queues of a bridge share it: a result that is put into one
/// queue acknowledges the task that was taken from another.
#[derive(Debug, Default)]
pub(crate) struct Held {
    by_connection: Mutex<HashMap<u64, VecDeque<Item>>>,
}

impl Held {
    pub(crate) fn add(&self, connection: u64, queue: &str, how: Acknowledge, task: Leased) {
        self.lock().entry(connection).or_default().push_back(Item {
            queue: queue.to_string(),
            acknowledge: how,
            task,
        });
    }

    /// What the connection acknowledges by asking for more.
    pub(crate) fn take_former(&self, connection: u64) -> Vec<Leased> {
        let mut all = self.lock();
        let Some(items) = all.get_mut(&connection) else {
            return Vec::new();
        };
        let (former, others) = std::mem::take(items)
            .into_iter()
            .partition::<VecDeque<_>, _>(|item| item.acknowledge == Acknowledge::Next);
        *items = others;
        former.into_iter().map(|item| item.task).collect()
    }

    /// The item from this queue that the connection has had for longest.
    pub(crate) fn take_oldest(&self, connection: u64, queue: &str) -> Option<Leased> {
        let mut all = self.lock();
        let items = all.get_mut(&connection)?;
        let oldest = items.iter().position(|item| item.queue == queue)?;
        Some(items.remove(oldest)?.task)
    }

    /// The connection has ended.
    pub(crate) fn take_all(&self, connection: u64) -> Vec<Leased> {
        let items = self.lock().remove(&connection).unwrap_or_default();
        items.into_iter().map(|item| item.task).collect()
    }

    pub(crate) fn take_everything(&self) -> Vec<Leased> {
        let all = std::mem::take(&mut *self.lock());
        all.into_values().flatten().map(|item| item.task).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, VecDeque<Item>>> {
        self.by_connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item that this manager has handed out. It counts as such for as long as it
/// is there; off the count first and then off the queue, it is counted twice for a
/// moment rather than not at all.
#[derive(Debug)]
pub(crate) struct Leased {
    task: RawTask,
    _counted: Counted,
}

/// One of those that are counted.
#[derive(Debug)]
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Leased {
    pub(crate) fn new(task: RawTask, count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Leased {
            task,
            _counted: Counted(Arc::clone(count)),
        }
    }

    fn into_task(self) -> RawTask {
        self.task
    }

    /// It is off the queue; its result is not known here.
    pub(crate) fn done(self) -> Result<(), Error> {
        let task = self.into_task();
        task.done(Body::new("application/json", "null"))
    }

    /// The same, but errors are not reported: if the server does not hear it, the
    /// item is handed out again.
    pub(crate) fn acknowledge(self) {
        let _ = self.done();
    }

    /// For somebody else, at once.
    pub(crate) fn give_back(self) {
        give_back(self.into_task());
    }
}

/// For somebody else, at once. What the server does not hear comes back when its
/// lease ends.
pub(crate) fn give_back(task: RawTask) {
    let _ = task.retry(Duration::ZERO);
}
