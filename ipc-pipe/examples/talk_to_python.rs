//! Talks to a Python program over a descriptor that it inherits.
//!
//! <!-- not run: it needs python3; a test of its own runs it -->
//! ```console
//! $ cargo run -p ipc-pipe --example talk_to_python
//! Python answers: b'HELLO FROM RUST'
//! Python counted 1048576 bytes and sends as many back: 1048576
//! Python sees: end of file
//! python3 exited with status 0
//! ```
//!
//! Python: `multiprocessing.connection.Connection(0)` with `send_bytes` and
//! `recv_bytes`. Its `send` and `recv` are pickles, which this side does not
//! speak.
//!
//! What to notice: a `Connection`'s descriptor is closed in programs that a
//! child executes, unless it is given to them, here as standard input.
#![forbid(unsafe_code)]

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use common::{program, say};
use multiproc::connection::pipe;

const PROGRAM: &str = "
from multiprocessing.connection import Connection
peer = Connection(0)
peer.send_bytes(repr(peer.recv_bytes().upper()).encode())
message = peer.recv_bytes()
peer.send_bytes(b'%d' % len(message))
peer.send_bytes(message)
try:
    peer.recv_bytes()
except EOFError:
    print('Python sees: end of file', flush=True)
";

fn main() -> ExitCode {
    program::example("Shows a dialogue with a Python program.", || {
        let (mut ours, theirs) = pipe(true)?;
        let mut python = Command::new("python3")
            .args(["-c", PROGRAM])
            .stdin(Stdio::from(theirs.into_fd()?))
            .spawn()
            .context("cannot run 'python3'")?;

        ours.send_bytes(b"hello from Rust")?;
        let answer = ours.recv_bytes()?;
        say!("Python answers: {}", String::from_utf8_lossy(&answer));

        ours.send_bytes(&vec![b'x'; 1 << 20])?;
        let counted = ours.recv_bytes()?;
        let counted = String::from_utf8_lossy(&counted);
        let back = ours.recv_bytes()?.len();
        say!("Python counted {counted} bytes and sends as many back: {back}");

        ours.close();
        match python.wait()?.code() {
            Some(code) => say!("python3 exited with status {code}"),
            None => bail!("python3 was killed"),
        }
        Ok(())
    })
}
