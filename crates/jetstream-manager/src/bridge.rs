//! Opening and closing the queues that a manager serves.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use jetstream_tasks::{Error, RawQueue, Settings};
use pymanager::{Class, Object};

use crate::held::{Held, Leased};
use crate::line::Line;
use crate::methods::QUEUE;

/// When an item that a client has taken is off the queue for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// When the client has read it: a `queue.Queue` as a manager has it in
    /// memory. That shows when the client makes its next call, or says good-bye
    /// with nothing unread. If the client dies after that, the item is lost.
    Read,
    /// When the client asks for another item, or has put something into a queue
    /// of the same bridge: its result. For workers that do one item after the
    /// other and know of no `task_done`, so that one killed at its task gives it
    /// back. A client that takes an item and only says good-bye gives it back.
    Next,
    /// When the client says `task_done()`: a `JoinableQueue`. Of several items
    /// that a connection has, the one it took first. In Python a connection is a
    /// thread's own: who took the item says so.
    Done,
}

/// Queues that clients of one manager use together.
#[derive(Debug)]
pub struct Bridge {
    server: String,
    settings: Settings,
    shared: Arc<Shared>,
}

/// What the queues of a bridge share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) held: Held,
    closing: AtomicBool,
}

impl Bridge {
    /// Queues at this server, made with these settings where there are none.
    pub fn new(server: impl Into<String>, settings: Settings) -> Self {
        Bridge {
            server: server.into(),
            settings,
            shared: Arc::default(),
        }
    }

    /// Opens the queue called `name`.
    ///
    /// # Errors
    ///
    /// As [`jetstream_tasks::Queue::open`].
    pub fn open(&self, name: &str, how: Acknowledge) -> Result<Arc<DurableQueue>, Error> {
        let raw = RawQueue::open(&self.server, name, &self.settings)?;
        let line = Arc::new(Line::default());
        let server = {
            let (line, raw) = (Arc::clone(&line), raw.clone());
            thread::Builder::new()
                .name(format!("line of {name}"))
                .spawn(move || line.serve(&raw))
                .map_err(Error::Thread)?
        };
        Ok(Arc::new(DurableQueue {
            name: name.to_string(),
            how,
            raw,
            line,
            leased: Arc::default(),
            server: Mutex::new(Some(server)),
            shared: Arc::clone(&self.shared),
        }))
    }

    /// The manager is about to end: from now on, an item of which it is not
    /// known whether its client is done with it goes back to its queue.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for task in self.shared.held.take_everything() {
            task.give_back();
        }
    }
}

impl Shared {
    /// Ends the lease of an item, whether or not its client has read it.
    pub(crate) fn settle(&self, task: Leased, arrived: bool) {
        if arrived && !self.closing.load(Ordering::SeqCst) {
            task.acknowledge();
        } else {
            task.give_back();
        }
    }
}

/// A `queue.Queue` in JetStream, to be
/// [registered](pymanager::Manager::register_object) with a manager.
pub struct DurableQueue {
    pub(crate) name: String,
    pub(crate) how: Acknowledge,
    pub(crate) raw: RawQueue,
    pub(crate) line: Arc<Line>,
    /// How many items its clients have.
    pub(crate) leased: Arc<AtomicU64>,
    server: Mutex<Option<JoinHandle<()>>>,
    pub(crate) shared: Arc<Shared>,
}

impl DurableQueue {
    /// The queue itself: what is in it, its dead letters.
    pub fn raw(&self) -> &RawQueue {
        &self.raw
    }
}

impl Object for DurableQueue {
    fn class(&self) -> &'static Class<Self> {
        &QUEUE
    }

    fn copy(&self) -> Result<pymanager::pickle::Value, String> {
        Err("TypeError: cannot pickle '_thread.lock' object".to_string())
    }

    fn connection_ended(&self, connection: u64) {
        for task in self.shared.held.take_all(connection) {
            task.give_back();
        }
    }
}

impl Drop for DurableQueue {
    fn drop(&mut self) {
        self.line.close();
        let server = self
            .server
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = server.take() {
            // A panic was reported when it happened.
            let _ = server.join();
        }
    }
}

impl fmt::Debug for DurableQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableQueue")
            .field("name", &self.name)
            .field("how", &self.how)
            .finish_non_exhaustive()
    }
}

impl std::str::FromStr for Acknowledge {
    type Err = io::Error;

    /// `read`, `next` or `done`.
    fn from_str(text: &str) -> Result<Self, io::Error> {
        match text {
            "read" => Ok(Acknowledge::Read),
            "next" => Ok(Acknowledge::Next),
            "done" => Ok(Acknowledge::Done),
            other => Err(io::Error::other(format!(
                "{other:?} is none of read, next, done"
            ))),
        }
    }
}
