//! Where a manager is.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use multiproc::deadline::Deadline;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::token::Address;

/// The addresses that a name has, or the path of a Unix socket.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Tcp(Vec<SocketAddr>),
    Unix(PathBuf),
}

impl Endpoint {
    pub(super) fn connect(&self, deadline: Deadline) -> io::Result<TcpStream> {
        let left = || deadline.remaining().unwrap_or(Duration::MAX);
        let addresses = match self {
            Endpoint::Tcp(addresses) => addresses,
            Endpoint::Unix(path) => return connect_unix(path, left()),
        };
        let mut failure = io::ErrorKind::TimedOut.into();
        for address in addresses {
            if left().is_zero() {
                break;
            }
            match TcpStream::connect_timeout(address, left()) {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// As a token names it.
    pub(super) fn to_address(&self) -> Address {
        match self {
            Endpoint::Tcp(addresses) => match addresses.first() {
                Some(address) => Address::Tcp(address.ip().to_string(), address.port()),
                None => Address::Unix(String::new()),
            },
            Endpoint::Unix(path) => Address::Unix(path.to_string_lossy().into_owned()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp(addresses) => match addresses.first() {
                Some(address) => address.fmt(f),
                None => Ok(()),
            },
            Endpoint::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A connection to a Unix socket, by the type that connections have here.
fn connect_unix(path: &Path, patience: Duration) -> io::Result<TcpStream> {
    if patience.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // A connect to a server whose queue is full waits for as long as a write
    // may (unix(7)). Longer than the clock can tell is for ever.
    let day = Duration::from_secs(24 * 60 * 60);
    let patience = (patience < day).then_some(patience);
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, patience)?;
    match rustix::net::connect(&socket, &SocketAddrUnix::new(path)?) {
        Ok(()) => {}
        Err(rustix::io::Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
        Err(error) => return Err(error.into()),
    }
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, None)?;
    Ok(socket.into())
}
