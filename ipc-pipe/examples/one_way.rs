//! A pipe in one direction: the first end only receives, the second only sends.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example one_way
//! The first end receives: true, sends: false
//! The second end receives: false, sends: true
//! Sending into the first end: the connection is read-only
//! Received: one
//! Received: two
//! Received: three
//! End of file
//! ```
//!
//! Python: `reader, writer = multiprocessing.Pipe(duplex=False)`.
//!
//! What to notice: end of file comes when the *last* copy of the sending end is
//! closed. The parent's copy went when it was moved into the child.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::bail;
use common::{program, say};
use multiproc::connection::{Error, pipe};
use multiproc::process::Builder;

fn main() -> ExitCode {
    program::example("Shows a pipe in one direction.", || {
        let (mut reader, mut writer) = pipe(false)?;
        let (receives, sends) = (reader.is_readable(), reader.is_writable());
        say!("The first end receives: {receives}, sends: {sends}");
        let (receives, sends) = (writer.is_readable(), writer.is_writable());
        say!("The second end receives: {receives}, sends: {sends}");
        match reader.send_bytes(b"nobody gets this") {
            Err(error) => say!("Sending into the first end: {error}"),
            Ok(()) => bail!("the first end can send"),
        }

        let child = Builder::new("writer")
            .close_in_child(&reader)
            .spawn(move || {
                ["one", "two", "three"]
                    .iter()
                    .try_for_each(|word| writer.send(word))
            })?;
        loop {
            match reader.recv::<String>() {
                Ok(word) => say!("Received: {word}"),
                Err(Error::EndOfFile) => break,
                Err(error) => return Err(error.into()),
            }
        }
        say!("End of file");
        child.join_success()?;
        Ok(())
    })
}
