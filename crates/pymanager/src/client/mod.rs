//! The client: connections to a manager, and proxies for its queues.

mod connection;
mod endpoint;
mod invocation;
mod line;
mod proxy;
mod remote;
mod reply;
mod token;

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::AuthKey;
use crate::error::Error;
use crate::status::Status;
use connection::Target;
use endpoint::Endpoint;
use inert_pickle::Data;
use inert_pickle::{self as pickle, Value};
pub(crate) use line::Line;
pub use proxy::Proxy;
pub use remote::RemoteQueue;
pub(crate) use remote::seconds;
pub(crate) use reply::{error_of, without_view};
pub use token::{Address, Token};

/// How long a client waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Patience {
    /// For a connection with the key proven on both sides: 10 s. One that a
    /// full listener has lost is tried again within this time.
    pub connect: Duration,
    /// For an answer, beyond the time that the call itself may wait: 30 s.
    pub answer: Duration,
    /// For a sign of life of the manager's host: 15 s. A host that loses its
    /// power or its network says no good-bye.
    pub vanished: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            vanished: Duration::from_secs(15),
        }
    }
}

/// How to reach a manager.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    key: AuthKey,
    patience: Patience,
    refuse_md5: bool,
    limits: pickle::Limits,
}

impl ClientBuilder {
    /// With this key.
    pub fn new(key: AuthKey) -> Self {
        ClientBuilder {
            key,
            patience: Patience::default(),
            refuse_md5: false,
            limits: pickle::Limits::default(),
        }
    }

    /// Other waits than the default.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Neither gives nor takes a proof of the key by MD5, which Python 3.11
    /// and older cannot do without.
    pub fn refuse_md5(mut self) -> Self {
        self.refuse_md5 = true;
        self
    }

    /// Other limits on what comes than the default.
    pub fn limits(mut self, limits: pickle::Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Connects: finds out whether the manager is there and has the same key.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], [`Error::KeyRejected`], [`Error::KeyUnproven`],
    /// [`Error::NoAnswer`].
    pub fn connect(self, address: impl ToSocketAddrs) -> Result<Client, Error> {
        let addresses: Vec<SocketAddr> = address
            .to_socket_addrs()
            .and_then(|found| match found.collect::<Vec<_>>() {
                found if found.is_empty() => {
                    Err(io::Error::new(io::ErrorKind::NotFound, "no address"))
                }
                found => Ok(found),
            })
            .map_err(|source| Error::Connect {
                address: "the manager".to_string(),
                source,
            })?;
        self.connect_to(Endpoint::Tcp(addresses))
    }

    /// Likewise, a manager on this machine that listens at a path: a Unix
    /// socket.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_path(self, path: impl AsRef<Path>) -> Result<Client, Error> {
        self.connect_to(Endpoint::Unix(path.as_ref().to_path_buf()))
    }

    fn connect_to(self, endpoint: Endpoint) -> Result<Client, Error> {
        let target = Arc::new(Target::new(
            endpoint,
            self.key,
            self.patience,
            self.refuse_md5,
            self.limits,
        ));
        let client = Client { target };
        client.request("dummy", &[])?;
        Ok(client)
    }
}

/// A manager in another program, Python or Rust: `BaseManager.connect`.
///
/// Clones share their connections. Calls from several threads at once each
/// have a connection of their own, kept for the next call; one that blocks
/// does not hold up the others. After the manager has been started anew, the
/// next call on the client connects anew, and old proxies say
/// [`Error::Refused`], since what they stood for is gone.
#[derive(Clone)]
pub struct Client {
    target: Arc<Target>,
}

impl Client {
    /// Connects to the manager at `address` with `key`. See
    /// [`ClientBuilder::connect`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn connect(address: impl ToSocketAddrs, key: &AuthKey) -> Result<Self, Error> {
        ClientBuilder::new(key.clone()).connect(address)
    }

    /// Connects to the manager that listens at `path`, a Unix socket. See
    /// [`ClientBuilder::connect_path`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn connect_path(path: impl AsRef<Path>, key: &AuthKey) -> Result<Self, Error> {
        ClientBuilder::new(key.clone()).connect_path(path)
    }

    /// The queue that the manager has registered as `name`; a new one when
    /// `name` is a class.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the manager has no such name, and those of a
    /// broken connection.
    pub fn queue<T: Data>(&self, name: &str) -> Result<RemoteQueue<T>, Error> {
        Ok(RemoteQueue::new(self.create(name, &[])?))
    }

    /// Calls a registered name with arguments: a proxy for what the manager
    /// makes of it.
    ///
    /// # Errors
    ///
    /// As [`queue`](Self::queue).
    pub fn create(&self, name: &str, arguments: &[Value]) -> Result<Proxy, Error> {
        Proxy::create(&self.target, name, arguments)
    }

    /// Calls a registered name with arguments: a typed proxy for what the
    /// manager makes of it, one of those whose names begin with `Remote`.
    ///
    /// # Errors
    ///
    /// As [`queue`](Self::queue).
    pub fn remote<R: From<Proxy>>(&self, name: &str, arguments: &[Value]) -> Result<R, Error> {
        Ok(R::from(self.create(name, arguments)?))
    }

    /// The object that a proxy stands for which came as a value: out of a dict
    /// or a queue, or from another program. It has to be one of this manager's:
    /// the address in it, which is how the manager knows itself, is not looked
    /// at.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when this manager has no such object (any more),
    /// [`Error::Protocol`] when the value is no proxy, and those of a broken
    /// connection.
    pub fn proxy(&self, value: &Value) -> Result<Proxy, Error> {
        let token = Token::of(value)
            .ok_or_else(|| Error::Protocol(format!("no proxy: {}", value.repr(100))))?;
        Proxy::refer(&self.target, token, token::exposed_in(value))
    }

    /// How many objects the manager has.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn number_of_objects(&self) -> Result<usize, Error> {
        let count = self.request("number_of_objects", &[])?.as_i64();
        count
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| Error::Protocol("the manager's count is no number".to_string()))
    }

    /// The manager's objects in words: for people to read.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn debug_info(&self) -> Result<String, Error> {
        let text = self.request("debug_info", &[])?;
        Ok(text.as_str().unwrap_or_default().to_string())
    }

    /// Who is connected, what lives, who holds which lock and who waits for it:
    /// what one needs to see when a program hangs. Only our managers tell.
    ///
    /// ```
    /// use pymanager::{AuthKey, Client, Listener, Manager, RemoteLock, SharedLock};
    ///
    /// let key = AuthKey::new("abc");
    /// let server = Manager::new(key.clone())
    ///     .register("printer", &SharedLock::new())
    ///     .start(Listener::bind("127.0.0.1:0")?)?;
    /// let client = Client::connect(server.address(), &key)?;
    /// let printer: RemoteLock = client.remote("printer", &[])?;
    /// let guard = printer.acquire()?;
    ///
    /// let status = client.status()?;
    /// assert_eq!(status.objects[0].name.as_deref(), Some("printer"));
    /// assert_eq!(status.objects[0].held_by, Some(status.connections[0].number));
    /// # drop(guard); Ok::<(), pymanager::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] from a manager of Python's, and those of a broken
    /// connection.
    pub fn status(&self) -> Result<Status, Error> {
        Ok(Status::from_value(self.request("status", &[])?)?)
    }

    /// Asks the manager to end.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn shutdown_manager(&self) -> Result<(), Error> {
        self.request("shutdown", &[])?;
        Ok(())
    }

    /// Ends every call that is under way, in whatever thread, with
    /// [`Error::Disconnected`]. Later calls connect anew.
    pub fn disconnect(&self) {
        self.target.disconnect();
    }

    fn request(&self, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        self.target.request(method, arguments)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.target.endpoint)
            .finish_non_exhaustive()
    }
}
