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
mod admission;
mod connections;
mod fallback;
mod limits;
mod manager_methods;
mod registry;
mod report;
mod response;
mod session;
mod state;
#[cfg(test)]
mod tests;
mod watcher;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::AuthKey;
use crate::handles::{Account, Accounts, Share};
use crate::object::{Call, Exception, Memory, Object, Served, Signature};
use crate::pool::{self, Board, Workers};
use crate::queue::{self, QueueKind};
use crate::status::Status;
use crate::wire::Listener;
use crate::{sync, types};
pub use limits::Limits;
use registry::Registry;
use state::State;

/// How long connections have, at shutdown, to send the reply that they are
/// about to send.
const GRACE: Duration = Duration::from_secs(1);

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
/// The classes of Python's `SyncManager` are registered from the start, and
/// `LifoQueue`, `PriorityQueue` and `SimpleQueue`: calling one makes a new object
/// each time. The tasks of a `Pool` are done by Python programs that connect for
/// that purpose, `docs/python/pool_worker.py` for one: the server runs no code.
#[derive(Debug)]
pub struct Manager {
    key: AuthKey,
    refuse_md5: bool,
    limits: Limits,
    registry: Registry,
    /// What everyone shares, to be told the limits.
    shared: Vec<Accounts>,
    /// Where pools and their workers meet.
    board: Arc<Board>,
    /// Kinds of queues that are made when called.
    kinds: Vec<(String, QueueKind)>,
}

impl Manager {
    /// A manager for those who have `key`.
    pub fn new(key: AuthKey) -> Self {
        let board = Board::new();
        let [pools, keys, errands] = [(); 3].map(|()| Arc::clone(&board));
        let manager = Manager {
            key,
            refuse_md5: false,
            limits: Limits::default(),
            registry: Registry::new(),
            shared: Vec::new(),
            board: Arc::clone(&board),
            kinds: Vec::new(),
        };
        manager
            .register_class("Queue", QueueKind::Fifo)
            .register_class("JoinableQueue", QueueKind::Fifo)
            .register_class("LifoQueue", QueueKind::Lifo)
            .register_class("PriorityQueue", QueueKind::Priority)
            .register_class("SimpleQueue", QueueKind::Simple)
            .register_type("Pool", pool::parameters(), move |call| {
                pool::new_pool(&pools, call)
            })
            .register_object("PoolWorkers", &Workers::new(&board))
            .register_type("dict", Signature::with_keywords(0, 1), types::new_dict)
            .register_type("list", Signature::positional(0, 1), move |call| {
                types::new_list(Some(&keys), call)
            })
            .register_type("set", Signature::positional(0, 1), types::new_set)
            .register_type(
                "Namespace",
                Signature::with_keywords(0, 0),
                types::new_namespace,
            )
            .register_type(
                "Value",
                Signature::named(&["typecode", "value", "lock"], 2),
                types::new_value,
            )
            .register_type(
                "Array",
                Signature::named(&["typecode", "sequence", "lock"], 2),
                types::new_array,
            )
            .register_type("Event", Signature::NONE, sync::new_event)
            .register_type("Lock", Signature::positional(0, 0), sync::new_lock)
            .register_type("RLock", Signature::NONE, sync::new_rlock)
            .register_type(
                "Semaphore",
                Signature::named(&["value"], 0),
                sync::new_semaphore,
            )
            .register_type(
                "BoundedSemaphore",
                Signature::named(&["value"], 0),
                sync::new_bounded_semaphore,
            )
            .register_type(
                "Condition",
                Signature::named(&["lock"], 0),
                sync::new_condition,
            )
            .register_type(
                "Barrier",
                Signature::named(&["parties", "action", "timeout"], 1),
                move |call| sync::new_barrier(Some(&errands), call),
            )
    }

    /// Serves a queue, a dict or the like of this program's own to whoever
    /// calls `name`, everyone the same one: one of the types whose names begin
    /// with `Shared`.
    pub fn register<S: Share>(mut self, name: impl Into<String>, shared: &S) -> Self {
        self.shared.push(shared.accounts());
        self.register_served(name.into(), shared.served())
    }

    /// Makes a new queue of this kind for each call of `name`.
    pub fn register_class(mut self, name: impl Into<String>, kind: QueueKind) -> Self {
        self.kinds.push((name.into(), kind));
        self
    }

    /// Serves any object to whoever calls `name`, everyone the same one.
    pub fn register_object<T: Object>(self, name: impl Into<String>, object: &Arc<T>) -> Self {
        self.register_served(name.into(), Served::shared(object))
    }

    fn register_served(mut self, name: String, served: Served) -> Self {
        self.kinds.retain(|(other, _)| *other != name);
        self.registry.register_shared(name, served);
        self
    }

    /// Makes a new object for each call of `name`, whose parameters are those
    /// of `signature`.
    pub fn register_type(
        mut self,
        name: impl Into<String>,
        signature: Signature,
        make: impl Fn(&mut Call<'_>) -> Result<Served, Exception> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        self.kinds.retain(|(other, _)| *other != name);
        self.registry
            .register_class(name, signature, Box::new(make));
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
    /// `InvalidInput` when the key is empty: everybody has that one. When a
    /// thread or the watcher cannot be had.
    pub fn start(mut self, listener: Listener) -> io::Result<Server> {
        if self.key == AuthKey::new("") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the key of a manager is empty",
            ));
        }
        let memory = Memory::new(self.limits.memory);
        self.board
            .limit(self.limits.pool_patience, self.limits.pool_retries);
        let own = self.limits.queue_memory;
        self.registry.limit_objects(self.limits.objects);
        for accounts in &self.shared {
            match &accounts.0 {
                Account::Queue(queue) => queue.limit_memory(own, &memory),
                Account::Object(object) => object.belong_to(&memory),
            }
        }
        for (name, kind) in self.kinds {
            let make = move |call: &mut Call<'_>| queue::make(kind, call, own);
            self.registry
                .register_class(name, queue::parameters(kind), Box::new(make));
        }
        let address = listener.address();
        let state = Arc::new(State::new(
            self.key,
            self.refuse_md5,
            self.limits,
            memory,
            self.registry,
            listener,
        )?);
        let threads = accept::start(&state)?;
        Ok(Server {
            address,
            state,
            threads,
        })
    }
}

/// A manager at work. Dropping it shuts it down.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Where it listens; `0.0.0.0:0` when that is a path.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, when that is a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        self.state.listener.path()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.state.connections.len()
    }

    /// How much memory the data take that clients have put into the objects of
    /// this manager, roughly, in bytes.
    pub fn memory(&self) -> usize {
        self.state.memory.used()
    }

    /// Who is connected, what lives, who waits for what.
    pub fn status(&self) -> Status {
        report::status(&self.state)
    }

    /// Waits until somebody who has the key asks it to shut down.
    pub fn wait(&self) {
        self.state.wait_for_end();
    }

    /// Waits until all clients have gone, or for `at_most`; whether they have.
    pub fn wait_for_clients(&self, at_most: Duration) -> bool {
        self.state.connections.wait_for_all(at_most);
        self.connections() == 0
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
        self.state.connections.wait_for_all(GRACE);
        self.state.connections.cut();
        self.state.connections.wait_for_all(GRACE);
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
