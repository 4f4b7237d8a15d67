//! Ends a program that takes too long, together with what it has started.
//!
//! ```console
//! $ cargo run -p subprocess --example timeout
//! In time: TEXT
//! Too late: Exit code: -9, it had printed 'first'
//! Its child kept the pipe open: Exit code: 0, it had printed 'second'
//! ```
//!
//! Python: `communicate(timeout=1)`, then `kill()` and `communicate()` again,
//! which waits for as long as any grandchild keeps the pipe open.
//!
//! What to notice: the third program ends at once, but its child has inherited
//! the pipe, so end of file does not come. The time-out holds all the same, and
//! the child is gone afterwards.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use common::{program, say};
use multiproc::subprocess::{Command, Ended, communicate_timeout, returncode};

fn main() -> ExitCode {
    program::example("Shows time-outs.", || {
        let patient = Duration::from_secs(60);
        let output =
            communicate_timeout(Command::new("tr").args(["a-z", "A-Z"]), b"text", patient)?;
        ensure!(output.status.success(), "tr {}", output.status);
        say!("In time: {}", String::from_utf8_lossy(&output.stdout));

        let scripts = [
            ("Too late", "echo first; sleep 1000; echo never"),
            (
                "Its child kept the pipe open",
                "echo second; sleep 1000 & exit 0",
            ),
        ];
        for (what, script) in scripts {
            let impatient = Duration::from_secs(1);
            let output =
                communicate_timeout(Command::new("sh").args(["-c", script]), b"", impatient)?;
            ensure!(output.ended == Ended::TimedOut, "sh {}", output.status);
            let code = returncode(output.status);
            let printed = String::from_utf8_lossy(&output.stdout);
            let printed = printed.trim_end();
            say!("{what}: Exit code: {code}, it had printed '{printed}'");
        }
        Ok(())
    })
}
