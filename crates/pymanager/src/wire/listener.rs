//! The socket that a manager accepts connections on.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};

/// How many connections may wait to be accepted. CPython's 16 (128 since
/// 3.13) overflow when many workers start at once; the kernel then drops a
/// connection that the client believes to have, and both wait for ever
/// (listen(2); the system's own bound is `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A socket that listens and does not accept yet.
///
/// Connections made meanwhile wait. Between binding and serving there is room
/// to fork, since no thread has been started.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens on `address`; port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when another program listens there, and whatever else
    /// bind(2) says.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        rustix::net::listen(&socket, BACKLOG)?;
        let address = socket.local_addr()?;
        Ok(Listener { socket, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn accept(&self) -> io::Result<TcpStream> {
        self.socket.accept().map(|(stream, _)| stream)
    }

    /// Makes a blocked `accept` and all later ones fail, and connecting too.
    pub(crate) fn close(&self) {
        // On Linux this wakes `accept` with EINVAL. It fails only on a socket
        // that does not listen.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
