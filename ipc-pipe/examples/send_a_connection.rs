//! Sends one end of a pipe through another pipe, to a process that was there
//! before it.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example send_a_connection
//! The child waits for a connection.
//! The parent sends one end of a new pipe.
//! The child got a connection that receives: true, sends: true
//! Over the new pipe: born after the fork
//! Over the new pipe: end of file
//! ```
//!
//! Python: `connection.send(other)`, since 3.3.
//!
//! What to notice: the child was forked before the second pipe existed, so it
//! could not inherit it; the kernel gives it a descriptor of its own
//! (`SCM_RIGHTS`).
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::connection::{Connection, Error, pipe};
use multiproc::process::Builder;

fn main() -> ExitCode {
    program::example("Shows a connection sent through a connection.", || {
        let (child, end) = Builder::new("child").spawn_with_connection(use_what_comes)?;
        let sent = send_one(end);
        // If the child died, that is the cause of what failed here.
        child.join_success()?;
        sent
    })
}

fn send_one(mut end: Connection) -> anyhow::Result<()> {
    end.recv_bytes()?;
    say!("The parent sends one end of a new pipe.");
    let (mut ours, theirs) = pipe(true)?;
    // It is moved: the parent keeps no copy that would hold back end of file.
    end.send_connection(theirs)?;
    say!("Over the new pipe: {}", ours.recv::<String>()?);
    match ours.recv::<String>() {
        Err(Error::EndOfFile) => say!("Over the new pipe: end of file"),
        other => anyhow::bail!("over the new pipe: {other:?}"),
    }
    Ok(())
}

fn use_what_comes(mut end: Connection) -> anyhow::Result<()> {
    say!("The child waits for a connection.");
    end.send_bytes(b"ready")?;
    let mut connection = match end.recv_connection() {
        Ok(connection) => connection,
        // The parent has stopped, since its output is closed: no failure here.
        Err(Error::EndOfFile) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (receives, sends) = (connection.is_readable(), connection.is_writable());
    say!("The child got a connection that receives: {receives}, sends: {sends}");
    connection.send("born after the fork")?;
    Ok(())
}
