//! Receives into the same buffer, again and again.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example receive_into
//! Received 5 bytes: short
//! Received 8 bytes: 8 bytes.
//! Too long for the buffer of 8, and not lost: a message of 24 bytes...
//! Received 3 bytes: end
//! ```
//!
//! Python: `connection.recv_bytes_into(buffer)`, `multiprocessing.BufferTooShort`.
//!
//! What to notice: a message that fits needs no allocation; one that does not
//! comes with the error.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::connection::{Connection, Error};
use multiproc::process::Builder;

const MESSAGES: [&str; 4] = ["short", "8 bytes.", "a message of 24 bytes...", "end"];

fn main() -> ExitCode {
    program::example("Shows messages received into a buffer.", || {
        let (child, mut end) = Builder::new("child").spawn_with_connection(send_all)?;
        let mut buffer = [0; 8];
        for _ in MESSAGES {
            match end.recv_bytes_into(&mut buffer) {
                Ok(length) => {
                    let text = String::from_utf8_lossy(&buffer[..length]);
                    say!("Received {length} bytes: {text}");
                }
                Err(Error::BufferTooShort { message, buffer }) => {
                    let text = String::from_utf8_lossy(&message);
                    say!("Too long for the buffer of {buffer}, and not lost: {text}");
                }
                Err(error) => return Err(error.into()),
            }
        }
        child.join_success()?;
        Ok(())
    })
}

fn send_all(mut end: Connection) -> Result<(), Error> {
    MESSAGES
        .iter()
        .try_for_each(|message| end.send_bytes(message.as_bytes()))
}
