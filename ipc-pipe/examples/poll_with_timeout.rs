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
use multiproc::process::Builder;

fn main() -> ExitCode {
    program::example("Shows poll and time-outs.", || {
        let (child, mut end) = Builder::new("child").spawn_with_connection(|mut end| {
            // Silent until it is told to speak.
            end.recv_bytes()?;
            end.send("here I am")
        })?;

        let a_moment = Duration::from_millis(50);
        say!("Now: {}", end.poll(Some(Duration::ZERO))?);
        say!("Within 50 ms: {}", end.poll(Some(a_moment))?);
        match end.recv_timeout::<String>(a_moment) {
            Err(error) => say!("Receiving for 50 ms: {error}"),
            Ok(message) => bail!("received too early: {message}"),
        }
        say!("The child may speak.");
        end.send_bytes(b"speak")?;
        say!("For ever: {}", end.poll(None)?);
        say!("Received: {}", end.recv::<String>()?);
        child.join_success()?;
        Ok(())
    })
}
