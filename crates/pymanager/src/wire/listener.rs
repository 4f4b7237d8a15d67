//! The socket that a manager accepts connections on.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use multiproc::deadline::Deadline;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// How many connections may wait to be accepted. CPython's 16 (128 since
/// 3.13) overflow when many workers start at once; the kernel then drops a
/// connection that the client believes to have, and both wait for ever
/// (listen(2); the system's own bound is `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A socket that listens and does not accept yet.
///
/// Connections made meanwhile wait. Between binding and serving there is room
/// to fork, since no thread has been started.
///
/// [`bind`](Self::bind) is for TCP, [`bind_path`](Self::bind_path) for a Unix
/// socket, which Python's managers are given as an address that is a `str`.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    address: SocketAddr,
    file: Option<SocketFile>,
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
        Ok(Listener {
            socket: socket.into(),
            address,
            file: None,
        })
    }

    /// Listens on a Unix socket at `path`, which nobody but this user may use.
    /// What a server has left there that is no more is removed, and so is the
    /// socket itself when the listener is closed.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when another program listens there, or when something else
    /// than a socket is there; and whatever else bind(2) says.
    pub fn bind_path(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let _alone = alone_in_the_folder_of(path);
        let socket = match unix_socket(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
                fs::remove_file(path)?;
                unix_socket(path)?
            }
            socket => socket?,
        };
        rustix::net::listen(&socket, BACKLOG)?;
        let file = SocketFile {
            path: path.to_owned(),
            id: identity(path)?,
        };
        Ok(Listener {
            socket,
            address: SocketAddr::from(([0; 4], 0)),
            file: Some(file),
        })
    }

    /// Where it listens; `0.0.0.0:0` when that is a path.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, when that is a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| &*file.path)
    }

    /// A connection of either family: what is a stream of bytes with a
    /// descriptor goes by the type of the more usual one.
    pub(crate) fn accept(&self) -> io::Result<TcpStream> {
        let stream = rustix::net::accept_with(&self.socket, SocketFlags::CLOEXEC)?;
        Ok(stream.into())
    }

    /// Makes a blocked `accept` and all later ones fail, and connecting too.
    pub(crate) fn close(&self) {
        // On Linux this wakes `accept` with EINVAL. It fails only on a socket
        // that does not listen.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        if let Some(file) = &self.file {
            file.remove();
        }
    }
}

/// Whether a connection is one of a Unix socket.
pub(crate) fn is_unix(stream: &TcpStream) -> bool {
    // The standard library knows no such address of a TcpStream.
    stream.local_addr().is_err()
}

/// A socket in the file system.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    id: (u64, u64),
}

impl SocketFile {
    /// Removes it, unless another server has put its own in its place.
    fn remove(&self) {
        let _alone = alone_in_the_folder_of(&self.path);
        if identity(&self.path).ok() == Some(self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// How long to wait for other servers that begin or end in the same folder, each
/// of which takes far less.
const OTHERS: Duration = Duration::from_secs(1);

/// Servers that begin or end in a folder do so one after the other: a socket
/// that is bound and does not listen yet, or no more, looks like nobody's, and
/// would be removed. The lock goes with its owner, however that ends. Where the
/// folder cannot be read or locked, it has to go without.
///
/// So it has to where somebody keeps the lock: whoever can read the folder may, to
/// keep it from being cleaned up (tmpfiles.d(5)), or out of ill will.
fn alone_in_the_folder_of(path: &Path) -> Option<OwnedFd> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    // Opening anything else than a folder might block.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags, Mode::empty()).ok()?;
    let deadline = Deadline::after(OTHERS);
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(folder),
            // The kernel can only wait for ever: ask again.
            Err(Errno::WOULDBLOCK | Errno::INTR) if !deadline.is_past() => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return None,
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn unix_socket(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // On Linux a socket's own mode becomes that of its file: nobody else can
    // connect, not even for a moment (unix(7) leaves it to the umask).
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Whether there is a socket that nobody listens on any more.
fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let refused = UnixStream::connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    is_socket && refused
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
