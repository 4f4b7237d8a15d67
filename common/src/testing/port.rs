//! A port that stays free.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

/// A port of this machine that the kernel gives to nobody else: connections to it
/// are refused, until somebody listens there who asks for it by its number. A
/// port that was merely free a moment ago may be another test's by now.
///
/// ```
/// use std::io::ErrorKind::ConnectionRefused;
/// use std::net::{TcpListener, TcpStream};
///
/// let port = common::testing::Port::keep();
/// let refused = TcpStream::connect(port.address()).unwrap_err();
/// assert_eq!(refused.kind(), ConnectionRefused);
/// for _ in 0..2 {
///     let _server = TcpListener::bind(port.address()).unwrap();
///     TcpStream::connect(port.address()).unwrap();
/// }
/// ```
#[derive(Debug)]
pub struct Port {
    /// It has the port, and never listens.
    _socket: OwnedFd,
    address: SocketAddr,
}

impl Port {
    /// Finds one, and keeps it until it is dropped.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn keep() -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        // As all servers set it: so they may share the port with this socket.
        set_socket_reuseaddr(&socket, true).expect("an option");
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = getsockname(&socket).expect("its address");
        Port {
            _socket: socket,
            address: address.try_into().expect("an address of IP"),
        }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
