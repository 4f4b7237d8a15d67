//! Connections between programs that are not related: `Listener` and `Client`
//! of `multiprocessing.connection`.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::SocketFlags;

use super::wait::ready;
use super::{Connection, Error, Waitable};
use crate::deadline::Deadline;
use crate::process::Owner;

/// How many connections may wait to be accepted. Python's 1 overflows when
/// several peers come at once (listen(2); the system's own bound is
/// `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// Where a [`Listener`] is found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// On the network. Python's `('127.0.0.1', 6000)`.
    Tcp(SocketAddr),
    /// On this machine, by a path. Python's `'/tmp/socket'`.
    Unix(PathBuf),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Address::Tcp(address)
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Address::Unix(path)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Address::Unix(path.to_path_buf())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

/// An address that other programs connect to, ours with
/// [`Connection::connect`], Python's with `multiprocessing.connection.Client`.
///
/// ```
/// use multiproc::connection::{Address, Connection, Listener};
///
/// let anywhere = "127.0.0.1:0".parse::<std::net::SocketAddr>()?;
/// let listener = Listener::bind(anywhere)?;
/// let mut client = Connection::connect(listener.address())?;
/// let mut server = listener.accept()?;
/// client.send("hello")?;
/// assert_eq!(server.recv::<String>()?, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Anybody who can reach the address can connect: on the network, and on a
/// machine with other users, ask for a key (`accept_with_key`, feature `auth`).
///
/// The socket of a path is removed when its listener is dropped in the process
/// that made it.
pub struct Listener {
    socket: OwnedFd,
    address: Address,
    owner: Owner,
}

impl Listener {
    /// Listens on `address`; port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when another program listens there, or a socket was left
    /// behind at the path by one that was killed; and whatever else bind(2)
    /// says.
    pub fn bind(address: impl Into<Address>) -> io::Result<Self> {
        let (socket, address) = match address.into() {
            Address::Tcp(address) => {
                let socket = TcpListener::bind(address)?;
                let address = socket.local_addr()?;
                (OwnedFd::from(socket), Address::Tcp(address))
            }
            Address::Unix(path) => (UnixListener::bind(&path)?.into(), Address::Unix(path)),
        };
        rustix::net::listen(&socket, BACKLOG)?;
        // A peer that has gone again by the time it would be accepted must not
        // make `accept` wait for the next one beyond its deadline.
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Listener {
            socket,
            address,
            owner: Owner::this_process(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next peer's connection, however long it takes.
    ///
    /// # Errors
    ///
    /// [`Error::System`], `EMFILE` for one: no descriptor is left.
    pub fn accept(&self) -> Result<Connection, Error> {
        self.accept_until(Deadline::NEVER)
    }

    /// Like [`accept`](Self::accept), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As `accept`, and [`Error::TimedOut`].
    pub fn accept_timeout(&self, timeout: Duration) -> Result<Connection, Error> {
        self.accept_until(Deadline::after(timeout))
    }

    fn accept_until(&self, deadline: Deadline) -> Result<Connection, Error> {
        loop {
            match rustix::net::accept_with(&self.socket, SocketFlags::CLOEXEC) {
                Ok(socket) => return Ok(Connection::between_programs(socket)?),
                // Gone again, or asked again.
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => {
                    if !ready(self.socket.as_fd(), PollFlags::IN, deadline)? {
                        return Err(Error::TimedOut);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address
            && self.owner.is_current()
        {
            // It may have been removed by somebody else.
            let _ = fs::remove_file(path);
        }
    }
}

/// Ready when a peer waits to be accepted.
impl Waitable for Listener {
    fn descriptor(&self) -> Result<BorrowedFd<'_>, Error> {
        Ok(self.socket.as_fd())
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects to a [`Listener`], ours or Python's. Python's `Client(address)`.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` or `NotFound` when nobody listens there, and
    /// whatever else connect(2) says.
    pub fn connect(address: &Address) -> io::Result<Connection> {
        let socket: OwnedFd = match address {
            Address::Tcp(address) => TcpStream::connect(address)?.into(),
            Address::Unix(path) => UnixStream::connect(path)?.into(),
        };
        Connection::between_programs(socket)
    }

    /// Like [`connect`](Self::connect), for at most `timeout` where the network
    /// lies between.
    ///
    /// # Errors
    ///
    /// As `connect`, and `TimedOut`.
    pub fn connect_timeout(address: &Address, timeout: Duration) -> io::Result<Connection> {
        match address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, timeout)?;
                Connection::between_programs(stream.into())
            }
            Address::Unix(_) => Connection::connect(address),
        }
    }

    fn between_programs(socket: OwnedFd) -> io::Result<Connection> {
        let connection = Connection::from_fd(socket)?;
        if let Some(stream) = &connection.stream {
            stream.prepare_tcp()?;
        }
        Ok(connection)
    }
}
