//! Feeds a program and collects both of its outputs at the same time.
//!
//! ```console
//! $ cargo run -p subprocess --example communicate
//! sort printed: apple banana cherry
//! cat printed as much as it got: 8388608 bytes
//! tr complained: true, and ended with status 1
//! true read nothing of 8388608 bytes: no error
//! ```
//!
//! Python: `Popen(..., stdin=PIPE, stdout=PIPE, stderr=PIPE).communicate(data)`.
//!
//! What to notice: 8 MiB are far more than a pipe holds (64 KiB). Writing all
//! of it first and reading afterwards would wait for ever.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::ensure;
use common::{program, say};
use multiproc::subprocess::{Command, communicate, returncode};

// ANCHOR: main
fn main() -> ExitCode {
    program::example("Shows input and output at the same time.", || {
        let output = communicate(&mut Command::new("sort"), b"cherry\nbanana\napple\n")?;
        let lines = String::from_utf8_lossy(&output.stdout).replace('\n', " ");
        say!("sort printed: {}", lines.trim_end());

        let much = vec![b'x'; 8 << 20];
        let output = communicate(&mut Command::new("cat"), &much)?;
        ensure!(output.stdout == much, "cat {}", output.status);
        say!(
            "cat printed as much as it got: {} bytes",
            output.stdout.len()
        );

        let output = communicate(&mut Command::new("tr"), b"")?;
        let complained = !output.stderr.is_empty();
        let code = returncode(output.status);
        say!("tr complained: {complained}, and ended with status {code}");

        communicate(&mut Command::new("true"), &much)?;
        say!("true read nothing of {} bytes: no error", much.len());
        Ok(())
    })
}
// ANCHOR_END: main
