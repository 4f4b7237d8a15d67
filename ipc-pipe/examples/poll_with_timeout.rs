//! Is there something to receive? Now, within a time, whenever it comes.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example poll_with_timeout
//! Now: false
//! Within 50 ms: false
//! Receiving for 50 ms: timed out
//! The child may speak.
//! For ever: true
//! Received: here I am
//! ```
//!
//! Python: `connection.poll()`, `poll(0.05)`, `poll(None)`.
//!
//! What to notice: a time-out loses nothing; the message is received by a later
//! call.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use common::{program, say};
use multiproc::connection::pipe;
use multiproc::process::Builder;

fn main() -> ExitCode {
    program::example("Shows poll and time-outs.", || {
        let (mut parent_end, mut child_end) = pipe(true)?;
        let child = Builder::new("child")
            .close_in_child(&parent_end)
            .spawn(move || {
                // Silent until it is told to speak.
                child_end.recv_bytes()?;
                child_end.send("here I am")
            })?;

        let a_moment = Duration::from_millis(50);
        say!("Now: {}", parent_end.poll(Some(Duration::ZERO))?);
        say!("Within 50 ms: {}", parent_end.poll(Some(a_moment))?);
        match parent_end.recv_timeout::<String>(a_moment) {
            Err(error) => say!("Receiving for 50 ms: {error}"),
            Ok(message) => bail!("received too early: {message}"),
        }
        say!("The child may speak.");
        parent_end.send_bytes(b"speak")?;
        say!("For ever: {}", parent_end.poll(None)?);
        say!("Received: {}", parent_end.recv::<String>()?);
        child.join_success()?;
        Ok(())
    })
}
