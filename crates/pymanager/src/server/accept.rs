//! Accepting connections, each into a thread of its own, until it is over.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;

use super::gate::Gate;
use super::links::{Link, Links};
use super::objects::Objects;
use super::session;
use super::watcher::Watcher;
use super::{Limits, Manager};
use crate::AuthKey;
use crate::wire::Listener;

/// A thread's stack. Values are read, written and dropped without recursion,
/// so depth in a message needs none of it; only what is touched is memory.
const STACK: usize = 128 << 10;

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) key: AuthKey,
    pub(crate) refuse_md5: bool,
    pub(crate) limits: Limits,
    pub(crate) objects: Objects,
    pub(crate) links: Links,
    pub(crate) gate: Gate,
    pub(crate) watcher: Watcher,
    listener: Listener,
    stopping: AtomicBool,
    over: Mutex<bool>,
    told: Condvar,
}

impl State {
    pub(crate) fn new(manager: Manager, listener: Listener) -> io::Result<Self> {
        Ok(State {
            gate: Gate::new(manager.limits.unproven),
            watcher: Watcher::new()?,
            links: Links::default(),
            key: manager.key,
            refuse_md5: manager.refuse_md5,
            limits: manager.limits,
            objects: manager.objects,
            listener,
            stopping: AtomicBool::new(false),
            over: Mutex::new(false),
            told: Condvar::new(),
        })
    }

    pub(crate) fn start_watcher(self: &Arc<Self>) -> io::Result<JoinHandle<()>> {
        let state = Arc::clone(self);
        spawn("watcher", move || state.watcher.run(&state.links))
    }

    pub(crate) fn start_accepting(self: &Arc<Self>) -> io::Result<JoinHandle<()>> {
        let state = Arc::clone(self);
        spawn("acceptor", move || state.accept_all())
    }

    fn accept_all(self: &Arc<Self>) {
        while !self.is_stopping() {
            match self.listener.accept() {
                Ok(stream) => {
                    let link = self.links.add(stream);
                    // `stop` may have gone through the list before this one
                    // was on it; then it is up to this thread.
                    if self.is_stopping() || self.links.len() > self.limits.connections {
                        self.links.remove(link.id);
                        continue;
                    }
                    self.gate.enter(link.id, |oldest| {
                        if let Some(link) = self.links.get(oldest) {
                            let _ = link.stream.shutdown(std::net::Shutdown::Both);
                        }
                    });
                    self.serve(link);
                }
                Err(error) => self.rest_after(&error),
            }
        }
    }

    fn serve(self: &Arc<Self>, link: Arc<Link>) {
        let place = Place {
            state: Arc::clone(self),
            link,
        };
        // Without a thread to be had, the place is dropped with the closure:
        // this client is turned away, the others stay.
        let _ = spawn("connection", move || {
            session::serve(&place.state, &place.link)
        });
    }

    /// After a failure to accept: some concern one connection, some end when
    /// another connection does.
    fn rest_after(&self, error: &io::Error) {
        match Errno::from_io_error(error) {
            Some(Errno::INTR | Errno::CONNABORTED | Errno::PROTO) => {}
            // Out of descriptors or memory. The connection stays in the
            // kernel's line.
            _ if !self.is_stopping() => self.links.wait_for_one(Duration::from_millis(100)),
            _ => {}
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Stops accepting, calls off all waits, closes all connections once
    /// their reply is out. Does not wait for that.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.listener.close();
        self.links.close_for_reading();
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

/// A connection's place among the others, given up when its thread ends in
/// whatever way.
struct Place {
    state: Arc<State>,
    link: Arc<Link>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.state.gate.leave(self.link.id);
        self.state.links.remove(self.link.id);
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let builder = thread::Builder::new().name(name.to_string());
    builder.stack_size(STACK).spawn(body)
}
