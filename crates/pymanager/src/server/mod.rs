//! The server: names with queues behind them, one thread a connection.
//!
//! What it does otherwise than CPython's `multiprocessing.managers.Server`:
//!
//! - Nothing that comes over the network is executed. What would be, in a
//!   pickle, is data here, and leaves as it came.
//! - A peer has [`Limits::handshake`] to prove the key, then to say what it
//!   wants; of those that have not, there are at most [`Limits::unproven`].
//!   One that fails is told `#FAILURE#` and nothing more.
//! - An item whose getter is gone is not lost. A watcher thread learns from
//!   the kernel (epoll(7), `EPOLLRDHUP`) when a client hangs up and calls off
//!   the wait; before an item leaves, the connection is looked at once more;
//!   and a client that dies before it has read the reply leaves a connection
//!   that ends in a reset, not in a good-bye: the item goes back to the front.
//!   What has been read is the client's; so is, unavoidably, what it dies of
//!   between reading and doing.
//! - Identifiers of objects are never used again.

mod accept;
mod arguments;
mod exception;
mod gate;
mod links;
mod methods;
mod objects;
mod one_shot;
mod reply;
mod session;
#[cfg(test)]
mod tests;
mod watcher;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::AuthKey;
use crate::pickle;
use crate::shared::{QueueKind, SharedQueue};
use crate::wire::Listener;
use accept::State;
use inert_pickle::Data;
use objects::Objects;

/// How long connections have, at shutdown, to send the reply that they are
/// about to send.
const GRACE: Duration = Duration::from_secs(1);

/// What a manager allows its peers.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest message and what may be in it. A message's memory is
    /// claimed as it arrives, not as it is announced.
    pub pickle: pickle::Limits,
    /// How long a peer may take to prove the key, and then to send its first
    /// request: 10 s.
    pub handshake: Duration,
    /// How long a peer may refuse to take a reply: 30 s.
    pub stalled: Duration,
    /// How many connections may be under way that have not proven the key:
    /// 256. When all places are taken for a second, the oldest is thrown out.
    pub unproven: usize,
    /// How many connections there may be in all: 10,000. Each has a thread
    /// and a descriptor.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            pickle: pickle::Limits::default(),
            handshake: Duration::from_secs(10),
            stalled: Duration::from_secs(30),
            unproven: 256,
            connections: 10_000,
        }
    }
}

/// Named queues, to be served to whoever has the key: Python's `BaseManager`.
///
/// ```
/// use pymanager::{AuthKey, Client, Listener, Manager, SharedQueue};
///
/// let tasks = SharedQueue::<i64>::new();
/// let server = Manager::new(AuthKey::new("abc"))
///     .register("get_task_queue", &tasks)
///     .start(Listener::bind("127.0.0.1:0")?)?;
///
/// let client = Client::connect(server.address(), &AuthKey::new("abc"))?;
/// client.queue::<i64>("get_task_queue")?.put(&3411)?;
/// assert_eq!(tasks.get()?, 3411);
/// server.shutdown();
/// # Ok::<(), pymanager::Error>(())
/// ```
///
/// The classes `Queue`, `JoinableQueue`, `LifoQueue`, `PriorityQueue` and
/// `SimpleQueue` are registered from the start; calling them makes a new queue
/// each time, as with Python's `SyncManager`.
#[derive(Debug)]
pub struct Manager {
    key: AuthKey,
    refuse_md5: bool,
    limits: Limits,
    objects: Objects,
}

impl Manager {
    /// A manager for those who have `key`.
    pub fn new(key: AuthKey) -> Self {
        let manager = Manager {
            key,
            refuse_md5: false,
            limits: Limits::default(),
            objects: Objects::new(),
        };
        manager
            .register_class("Queue", QueueKind::Fifo)
            .register_class("JoinableQueue", QueueKind::Fifo)
            .register_class("LifoQueue", QueueKind::Lifo)
            .register_class("PriorityQueue", QueueKind::Priority)
            .register_class("SimpleQueue", QueueKind::Simple)
    }

    /// Serves `queue` to whoever calls `name`, everyone the same one.
    pub fn register<T: Data>(mut self, name: impl Into<String>, queue: &SharedQueue<T>) -> Self {
        self.objects
            .register_shared(name.into(), Arc::clone(queue.served()));
        self
    }

    /// Makes a new queue of this kind for each call of `name`.
    pub fn register_class(mut self, name: impl Into<String>, kind: QueueKind) -> Self {
        self.objects.register_class(name.into(), kind);
        self
    }

    /// Other limits than the default.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Neither gives nor takes a proof of the key by MD5. Python 3.11 and
    /// older know no other.
    pub fn refuse_md5(mut self) -> Self {
        self.refuse_md5 = true;
        self
    }

    /// Starts to serve, in threads of its own.
    ///
    /// # Errors
    ///
    /// When a thread or the watcher cannot be had.
    pub fn start(self, listener: Listener) -> io::Result<Server> {
        let address = listener.address();
        let state = Arc::new(State::new(self, listener)?);
        let watcher = state.start_watcher()?;
        let mut server = Server {
            address,
            state,
            threads: vec![watcher],
        };
        let acceptor = server.state.start_accepting()?;
        server.threads.push(acceptor);
        Ok(server)
    }
}

/// A manager at work. Dropping it shuts it down.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.state.links.len()
    }

    /// Waits until somebody who has the key asks it to shut down.
    pub fn wait(&self) {
        self.state.wait_for_end();
    }

    /// Ends all connections, after the replies that are on their way, and all
    /// threads. Calls that clients are blocked in fail with an end of file.
    pub fn shutdown(self) {
        drop(self);
    }

    /// A handle that can stop the server from elsewhere, a signal handler for
    /// one.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.state))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop();
        self.state.links.wait_for_all(GRACE);
        self.state.links.cut();
        self.state.links.wait_for_all(GRACE);
        for thread in self.threads.drain(..) {
            // A panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Stops a [`Server`] from elsewhere: its [`wait`](Server::wait) returns.
#[derive(Clone)]
pub struct Stopper(Arc<State>);

impl Stopper {
    /// Accepts no more connections and ends those that there are.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper(..)")
    }
}
