//! Takes what a program prints, and an error if the program fails.
//!
//! ```console
//! $ cargo run -p subprocess --example check_output
//! Printed: 'three lines\nof\noutput\n'
//! Failed: 'sh' exited with status 1, after printing 'half\n'
//! ```
//!
//! Python: `subprocess.check_output(...)`, `CalledProcessError`.
//!
//! What to notice: the error still has what was printed before the failure.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::subprocess::{Command, Error, check_output};

fn main() -> ExitCode {
    program::example("Shows a program's output taken, and its failure.", || {
        let output = check_output(Command::new("printf").arg(r"three lines\nof\noutput\n"))?;
        say!("Printed: '{}'", output.escape_ascii());

        let mut failing = Command::new("sh");
        failing.args(["-c", "echo half; exit 1"]);
        match check_output(&mut failing) {
            Err(ref error @ Error::Failed { ref output, .. }) => {
                let output = output.escape_ascii();
                say!("Failed: {error}, after printing '{output}'");
            }
            other => anyhow::bail!("sh -c 'exit 1': {other:?}"),
        }
        Ok(())
    })
}
