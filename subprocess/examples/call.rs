//! Runs programs with this one's output and tells how they ended.
//!
//! ```console
//! $ cargo run -p subprocess --example call
//! $ echo hello
//! hello
//! Exit code: 0
//! $ sh -c 'exit 3'
//! Exit code: 3
//! $ sh -c 'kill -TERM $$'
//! Exit code: -15
//! $ no-such-program
//! cannot run 'no-such-program': No such file or directory
//! ```
//!
//! Python: `subprocess.call(["echo", "hello"])`.
//!
//! What to notice: a program that a signal killed has no exit status; the
//! negative number is Python's way to tell which signal it was.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::subprocess::{Command, call, returncode};

// ANCHOR: main
fn main() -> ExitCode {
    program::example("Shows programs run with inherited output.", || {
        say!("$ echo hello");
        let status = call(Command::new("echo").arg("hello"))?;
        say!("Exit code: {}", returncode(status));

        say!("$ sh -c 'exit 3'");
        let status = call(Command::new("sh").args(["-c", "exit 3"]))?;
        say!("Exit code: {}", returncode(status));

        say!("$ sh -c 'kill -TERM $$'");
        let status = call(Command::new("sh").args(["-c", "kill -TERM $$"]))?;
        say!("Exit code: {}", returncode(status));

        say!("$ no-such-program");
        if let Err(error) = call(&mut Command::new("no-such-program")) {
            say!("{error}");
        }
        Ok(())
    })
}
// ANCHOR_END: main
