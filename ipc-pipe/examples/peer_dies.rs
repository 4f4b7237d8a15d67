//! What the survivor sees when the other process is killed: between two
//! messages, and in the middle of one.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example peer_dies
//! Received: the first message
//! Killed between messages: end of file
//! Sending to the dead: broken pipe
//! Received: the first message
//! Killed in the middle of a message: cut short
//! Once more: cut short
//! ```
//!
//! Python: `EOFError`, `BrokenPipeError`, and `OSError` ("got end of file
//! during message"), the same type as for other system errors.
//!
//! What to notice: half a message is never taken for a whole one, and what was
//! sent before it is received first.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::{Context, bail};
use common::{program, say};
use multiproc::connection::{Connection, Error};
use multiproc::process::{Builder, Process};

/// More than a socket's buffers hold, so its sender blocks in the middle of it.
const LONG: usize = 16 << 20;

fn main() -> ExitCode {
    program::example("Shows what is seen when the peer is killed.", || {
        let (mut connection, child) = sender(0)?;
        say!("Received: {}", connection.recv::<String>()?);
        kill(&child)?;
        match connection.recv_bytes() {
            Err(Error::EndOfFile) => say!("Killed between messages: end of file"),
            other => bail!("killed between messages: {other:?}"),
        }
        match connection.send_bytes(b"anybody?") {
            Err(Error::BrokenPipe) => say!("Sending to the dead: broken pipe"),
            other => bail!("sending to the dead: {other:?}"),
        }

        let (mut connection, child) = sender(LONG)?;
        say!("Received: {}", connection.recv::<String>()?);
        // The child is in the long message from its first byte on.
        connection.poll(None)?;
        kill(&child)?;
        for when in ["Killed in the middle of a message", "Once more"] {
            match connection.recv_bytes() {
                Err(Error::CutShort { received }) if received < LONG => {
                    say!("{when}: cut short");
                }
                other => bail!("{when}: {other:?}"),
            }
        }
        Ok(())
    })
}

/// A child that sends a short message, then one of `long` bytes if that is not
/// zero, and waits.
fn sender(long: usize) -> anyhow::Result<(Connection, Process)> {
    let sender = |mut end: Connection| {
        end.send("the first message")?;
        if long > 0 {
            end.send_bytes(&vec![0; long])?;
        }
        end.recv_bytes().map(drop)
    };
    let started = Builder::new("sender").spawn_with_connection(sender);
    let (child, connection) = started.context("cannot start the sender")?;
    Ok((connection, child))
}

fn kill(child: &Process) -> anyhow::Result<()> {
    child.kill().context("kill - sender")?;
    child.join().context("join - sender")?;
    Ok(())
}
