//! Connections between unrelated programs: `Listener` and `Client` of
//! `multiprocessing.connection`.

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

/// How many connections may wait to be accepted (listen(2); the system's own
/// bound is `net.core.somaxconn`). Python's 1 overflows when several peers
/// connect at once.
const BACKLOG: i32 = 4096;

/// Where a [`Listener`] listens.
///
/// ```
/// use std::net::SocketAddr;
/// use std::path::Path;
///
/// use multiproc::connection::Address;
///
/// let tcp = Address::from("127.0.0.1:6000".parse::<SocketAddr>()?);
/// assert_eq!(tcp.to_string(), "127.0.0.1:6000");
/// let unix = Address::from(Path::new("/run/example.socket"));
/// assert_eq!(unix.to_string(), "/run/example.socket");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A host and port on the network. Python's `('127.0.0.1', 6000)`.
    Tcp(SocketAddr),
    /// A path on this machine. Python's `'/tmp/socket'`.
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

/// Accepts connections from other programs: from Rust by
/// [`Connection::connect`], from Python by `multiprocessing.connection.Client`.
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
/// Anybody who can reach the address can connect. On a network, or on a machine
/// with other users, ask for a key (`accept_with_key`, feature `auth`).
///
/// The socket at a path is removed when its listener is dropped in the process
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
    /// `AddrInUse` if another program listens there, or if one that was killed has
    /// left a socket at the path; and the other errors of bind(2).
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
        // Non-blocking: if a peer is gone before it is accepted, `accept` must not
        // wait past its deadline for the next one.
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

    /// Waits for the next peer and returns its connection.
    ///
    /// # Errors
    ///
    /// [`Error::System`], such as `EMFILE`: no descriptor is left.
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
                // The peer is gone again, or a signal came.
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
            // Somebody else may have removed it.
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
    /// Connects to a [`Listener`], this one or Python's. Python's
    /// `Client(address)`.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` or `NotFound` if nobody listens there, and the other
    /// errors of connect(2).
    pub fn connect(address: &Address) -> io::Result<Connection> {
        let socket: OwnedFd = match address {
            Address::Tcp(address) => TcpStream::connect(address)?.into(),
            Address::Unix(path) => UnixStream::connect(path)?.into(),
        };
        Connection::between_programs(socket)
    }

    /// Like [`connect`](Self::connect), for at most `timeout`, which matters only
    /// across a network.
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
