//! Connects to a Python program that listens, with a key.
//!
//! <!-- not run: it needs python3; a test of its own runs it -->
//! ```console
//! $ cargo run -p ipc-pipe --example connect_to_python
//! Python listens on a path
//! With another key: the peer rejected our proof of the key
//! Python says: HELLO FROM RUST
//! Python has closed the connection
//! ```
//!
//! Python: `multiprocessing.connection.Client(address, authkey=key)`.
//!
//! What to notice: the address is a path, so nobody from another machine can
//! come; with a key, nobody from this machine either.
#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};
use common::{program, say};
use multiproc::connection::auth::AuthKey;
use multiproc::connection::{Address, Connection, Error};

/// Python ends with its caller, even one that is killed: then its standard input
/// comes to its end.
const PROGRAM: &str = "
import os, signal, sys, threading
def end_with_the_caller():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
watcher = threading.Thread(target=end_with_the_caller)
watcher.daemon = True
watcher.start()

from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener
listener = Listener(family='AF_UNIX', authkey=b'a secret')
print(listener.address)
sys.stdout.flush()
try:
    listener.accept()
except AuthenticationError:
    pass
peer = listener.accept()
peer.send_bytes(peer.recv_bytes().upper())
";

fn main() -> ExitCode {
    program::example("Shows a connection to a listener in Python.", || {
        let mut python = Command::new("python3")
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run 'python3'")?;
        // Taken out, since `wait` would close it before Python has ended.
        let _caller_lives = python.stdin.take();
        let mut path = String::new();
        let output = python.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut path)?;
        let address = Address::from(Path::new(path.trim_end()));
        say!("Python listens on a path");

        match Connection::connect_with_key(&address, &AuthKey::new("another")) {
            Err(error) => say!("With another key: {error}"),
            Ok(_) => bail!("Python let in somebody with another key"),
        }
        let mut peer = Connection::connect_with_key(&address, &AuthKey::new("a secret"))?;
        peer.send_bytes(b"hello from Rust")?;
        let answer = peer.recv_bytes()?;
        say!("Python says: {}", String::from_utf8_lossy(&answer));
        match peer.recv_bytes() {
            Err(Error::EndOfFile) => say!("Python has closed the connection"),
            other => bail!("after the end: {other:?}"),
        }
        let status = python.wait()?;
        ensure!(status.success(), "python3: {status}");
        Ok(())
    })
}
