//! What all connections of a server share, and its end.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::admission::Admission;
use super::connections::Connections;
use super::limits::Limits;
use super::registry::Registry;
use super::watcher::Watcher;
use crate::AuthKey;
use crate::object::Memory;
use crate::wire::{Listener, Places};

/// A server's state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) key: AuthKey,
    pub(crate) refuse_md5: bool,
    pub(crate) limits: Limits,
    pub(crate) registry: Registry,
    pub(crate) memory: Arc<Memory>,
    pub(crate) connections: Connections,
    pub(crate) admission: Admission,
    pub(crate) watcher: Watcher,
    /// Of those who look for a request instead of sleeping.
    pub(crate) places: Arc<Places>,
    pub(crate) listener: Listener,
    /// When it began to serve.
    pub(crate) since: Instant,
    stopping: AtomicBool,
    over: Mutex<bool>,
    told: Condvar,
}

impl State {
    pub(crate) fn new(
        key: AuthKey,
        refuse_md5: bool,
        limits: Limits,
        memory: Arc<Memory>,
        registry: Registry,
        listener: Listener,
    ) -> io::Result<Self> {
        Ok(State {
            admission: Admission::new(limits.unproven),
            watcher: Watcher::new()?,
            places: Arc::new(Places::new(limits.spinning)),
            connections: Connections::default(),
            key,
            refuse_md5,
            limits,
            registry,
            memory,
            listener,
            since: Instant::now(),
            stopping: AtomicBool::new(false),
            over: Mutex::new(false),
            told: Condvar::new(),
        })
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Stops accepting, calls off all waits, closes all connections once
    /// their reply is out. Does not wait for that.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.listener.close();
        self.connections.close_for_reading();
        self.watcher.stop();
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    pub(crate) fn wait_for_end(&self) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            over = self.told.wait(over).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
