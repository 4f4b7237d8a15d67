//! Listens for a Python program that connects with a key.
//!
//! <!-- not run: it needs python3; a test of its own runs it -->
//! ```console
//! $ cargo run -p ipc-pipe --example listen_for_python
//! A client with another key: the peer's proof of the key is wrong
//! Python says: hello from Python
//! Python got 1048576 bytes
//! Python has closed the connection
//! ```
//!
//! Python: `multiprocessing.connection.Listener(address, authkey=key)`.
//!
//! What to notice: both sides prove that they have the key before a byte of
//! theirs counts as a message, and the key itself is never sent. It hides
//! nothing: on a network that is not your own, use something that encrypts.
#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};
use common::{program, say};
use multiproc::connection::auth::AuthKey;
use multiproc::connection::{Error, Listener, pipe, wait};

const PROGRAM: &str = "
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
try:
    host, port = sys.argv[1].split(':')
    peer = Client((host, int(port)), authkey=sys.argv[2].encode())
except AuthenticationError:
    sys.exit()
peer.send_bytes(b'hello from Python')
peer.send_bytes(('got %d bytes' % len(peer.recv_bytes())).encode())
";

fn main() -> ExitCode {
    program::example("Shows a listener that Python connects to.", || {
        // Port 0: the system chooses one.
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let key = AuthKey::new("a secret");

        let python = Python::run(&listener, "another")?;
        match listener.accept_with_key(&key) {
            Err(error) => say!("A client with another key: {error}"),
            Ok(_) => bail!("a client with another key was let in"),
        }
        python.ended()?;

        let python = Python::run(&listener, "a secret")?;
        let mut peer = listener.accept_with_key(&key)?;
        let greeting = peer.recv_bytes()?;
        say!("Python says: {}", String::from_utf8_lossy(&greeting));
        peer.send_bytes(&vec![b'x'; 1 << 20])?;
        say!("Python {}", String::from_utf8_lossy(&peer.recv_bytes()?));
        match peer.recv_bytes() {
            Err(Error::EndOfFile) => say!("Python has closed the connection"),
            other => bail!("after the end: {other:?}"),
        }
        python.ended()
    })
}

struct Python {
    child: Child,
}

impl Python {
    /// Runs the client until it has connected.
    fn run(listener: &Listener, key: &str) -> anyhow::Result<Python> {
        let address = listener.address().to_string();
        let (alive, theirs) = pipe(true)?;
        let child = Command::new("python3")
            .args(["-c", PROGRAM, &address, key])
            .stdin(Stdio::from(theirs.into_fd()?))
            .spawn()
            .context("cannot run 'python3'")?;
        // The client holds the other end while it lives: if it dies before it
        // connects, nobody waits for it in vain.
        let ready = wait(&[listener, &alive], None)?;
        ensure!(ready.contains(&0), "python3 ended and never connected");
        Ok(Python { child })
    }

    fn ended(mut self) -> anyhow::Result<()> {
        let status = self.child.wait()?;
        ensure!(status.success(), "python3: {status}");
        Ok(())
    }
}
