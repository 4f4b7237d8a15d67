//! Programs to measure ourselves against: in another language, or on a library
//! that nothing here depends on.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use multiproc::subprocess::{Ended, communicate_timeout};

/// The folder of the peers that were built: see `bench/` in the repository. They
/// are no part of the workspace, so that `cargo test` does not compile them.
const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/target/release");

/// No number takes nearly as long; a peer that hangs costs its own row, not the run.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that does the same work and prints a number.
///
/// ```
/// use common::measure::Peer;
///
/// // One that was not built is a row that says so.
/// let peer = Peer::built("no-such-peer");
/// assert_eq!(peer.name(), "no-such-peer");
/// assert_eq!(peer.number(&["10"]), None);
/// ```
#[derive(Clone, Debug)]
pub struct Peer {
    program: PathBuf,
    arguments: Vec<String>,
    name: String,
    patience: Duration,
}

impl Peer {
    /// The peer `name` of `bench/`, with its library's version if it is built.
    pub fn built(name: &str) -> Self {
        let program = Path::new(BUILT).join(format!("{name}-peer"));
        let version = said(Command::new(&program).arg("--version"));
        Peer {
            program,
            arguments: Vec::new(),
            name: version.unwrap_or_else(|| name.to_string()),
            patience: PATIENCE,
        }
    }

    /// `python3` with a program, which gets its arguments in `sys.argv[1:]`.
    pub fn python(program: &str) -> Self {
        let version = said(Command::new("python3").arg("--version"));
        let version = version.map(|text| text.replace("Python", "CPython"));
        Peer {
            program: PathBuf::from("python3"),
            arguments: vec!["-c".to_string(), program.to_string()],
            name: version.unwrap_or_else(|| "CPython".to_string()),
            patience: PATIENCE,
        }
    }

    /// The running benchmark itself, started again: for what is to be measured in
    /// a process that has done nothing before. Its arguments are for
    /// [`Peer::wanted`].
    pub fn this_program() -> Self {
        Peer {
            program: PathBuf::from("/proc/self/exe"),
            arguments: Vec::new(),
            name: "ours".to_string(),
            patience: PATIENCE,
        }
    }

    /// The arguments with which [`this_program`](Self::this_program) was started;
    /// empty for a benchmark as it was started by Cargo, which gives it options.
    pub fn wanted() -> Vec<String> {
        let arguments = env::args().skip(1);
        arguments.filter(|word| !word.starts_with('-')).collect()
    }

    /// Its name, with the version if it is there.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// The same, with another time for a number than half a minute.
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs it and reads the number that it prints; `None` where it is missing,
    /// when it fails (its error is shown), and when it has not ended in time: it is
    /// killed then, with all that it has started.
    pub fn number(&self, arguments: &[&str]) -> Option<f64> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(arguments);
        let output = communicate_timeout(&mut command, b"", self.patience).ok()?;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        if output.ended != Ended::ByItself {
            let (name, patience) = (&self.name, self.patience);
            eprintln!("{name} {arguments:?}: no number in {patience:?}");
        }
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(())?;
        text.trim().parse().ok()
    }
}

/// What a command prints on standard output, when it succeeds.
fn said(command: &mut Command) -> Option<String> {
    let output = communicate_timeout(command, b"", PATIENCE).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_hangs_has_no_number_and_leaves_nobody() {
        let peer = |program: &str| Peer {
            program: PathBuf::from("sh"),
            arguments: vec!["-c".to_string(), program.to_string()],
            name: "a peer".to_string(),
            patience: PATIENCE,
        };
        assert_eq!(peer("echo 2.5").number(&[]), Some(2.5));
        assert_eq!(peer("echo 2.5; exit 1").number(&[]), None);
        // Its child keeps the output open: without its end this would wait for ever.
        let hangs = peer("echo 2.5; sleep 1000 & sleep 1000");
        assert_eq!(hangs.within(Duration::from_millis(100)).number(&[]), None);
    }
}
