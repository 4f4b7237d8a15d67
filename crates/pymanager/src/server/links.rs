//! The connections that there are, to be ended from outside.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::queue::Caller;

/// One connection, as others see it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) stream: Arc<TcpStream>,
    /// Set by the thread that serves it.
    pub(crate) caller: OnceLock<Caller>,
}

impl Link {
    /// The client has hung up, or is to be treated as if it had: whatever
    /// waits on its behalf stops waiting.
    pub(crate) fn leave(&self) {
        if let Some(caller) = self.caller.get() {
            caller.leave();
        }
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Links {
    table: Mutex<Table>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    links: HashMap<u64, Arc<Link>>,
    next: u64,
}

impl Links {
    pub(crate) fn add(&self, stream: TcpStream) -> Arc<Link> {
        let mut table = self.lock();
        table.next += 1;
        let link = Arc::new(Link {
            id: table.next,
            stream: Arc::new(stream),
            caller: OnceLock::new(),
        });
        table.links.insert(link.id, Arc::clone(&link));
        link
    }

    pub(crate) fn remove(&self, id: u64) {
        self.lock().links.remove(&id);
        self.ended.notify_all();
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Link>> {
        self.lock().links.get(&id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().links.len()
    }

    /// No connection gets another request; a reply that is on its way still
    /// leaves.
    pub(crate) fn close_for_reading(&self) {
        for link in self.lock().links.values() {
            // One that is closed already cannot be closed.
            let _ = link.stream.shutdown(Shutdown::Read);
            link.leave();
        }
    }

    /// Ends them all, in the middle of whatever they do.
    pub(crate) fn cut(&self) {
        for link in self.lock().links.values() {
            let _ = link.stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until one ends, for a moment at most.
    pub(crate) fn wait_for_one(&self, moment: Duration) {
        let table = self.lock();
        let waited = self.ended.wait_timeout(table, moment);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until there are none, or for `at_most`.
    pub(crate) fn wait_for_all(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut table = self.lock();
        while !table.links.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.ended.wait_timeout(table, left);
            (table, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
