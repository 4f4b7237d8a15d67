//! The connections that there are, to be ended from outside.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::object::Caller;

/// One connection, as others see it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) stream: Arc<TcpStream>,
    /// Set by the thread that serves it.
    pub(crate) caller: OnceLock<Caller>,
}

impl Connection {
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
pub(crate) struct Connections {
    table: Mutex<Table>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    connections: HashMap<u64, Arc<Connection>>,
    next: u64,
}

impl Connections {
    pub(crate) fn add(&self, stream: TcpStream) -> Arc<Connection> {
        let mut table = self.lock();
        table.next += 1;
        let connection = Arc::new(Connection {
            id: table.next,
            stream: Arc::new(stream),
            caller: OnceLock::new(),
        });
        table
            .connections
            .insert(connection.id, Arc::clone(&connection));
        connection
    }

    pub(crate) fn remove(&self, id: u64) {
        self.lock().connections.remove(&id);
        self.ended.notify_all();
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Connection>> {
        self.lock().connections.get(&id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().connections.values().cloned().collect()
    }

    /// The connection that a client at `peer` has.
    #[cfg(test)]
    pub(crate) fn of_peer(&self, peer: std::net::SocketAddr) -> Option<Arc<Connection>> {
        let table = self.lock();
        let mut all = table.connections.values();
        all.find(|one| one.stream.peer_addr().ok() == Some(peer))
            .cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().connections.len()
    }

    /// No connection gets another request; a reply that is on its way still
    /// leaves.
    pub(crate) fn close_for_reading(&self) {
        for connection in self.lock().connections.values() {
            // One that is closed already cannot be closed.
            let _ = connection.stream.shutdown(Shutdown::Read);
            connection.leave();
        }
    }

    /// Ends them all, in the middle of whatever they do.
    pub(crate) fn cut(&self) {
        for connection in self.lock().connections.values() {
            let _ = connection.stream.shutdown(Shutdown::Both);
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
        while !table.connections.is_empty() {
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
