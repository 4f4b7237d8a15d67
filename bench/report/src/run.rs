//! Builds the peers and runs every benchmark of the workspace, one at a time.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use common::measure::RECORD;
use multiproc::subprocess::{Ended, ExitStatus, communicate_timeout};
use serde_json::{Value, json};

use crate::{machine, transcript};

const PEERS: [&str; 2] = ["ipc-channel-peer", "iceoryx2-peer"];

/// More than twice what the slowest takes. One that hangs is ended, and costs its
/// own rows from there on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// What was run for how long, and what went wrong.
#[derive(Default)]
pub(crate) struct Log {
    times: Vec<(String, Duration)>,
    faults: Vec<String>,
}

impl Log {
    /// Runs a command for at most [`PATIENCE`], and gives what it printed if it
    /// succeeded.
    pub(crate) fn run(&mut self, what: &str, command: &mut Command) -> Option<String> {
        eprintln!("== {what}");
        let start = Instant::now();
        let output = communicate_timeout(command, b"", PATIENCE);
        let time = start.elapsed();
        self.times.push((what.to_string(), time));
        let fault = match output {
            Err(error) => error.to_string(),
            Ok(output) => {
                eprint!("{}", String::from_utf8_lossy(&output.stderr));
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                eprintln!("{text}{:.0} s: {what}", time.as_secs_f64());
                match (output.ended, output.status) {
                    (Ended::ByItself, ExitStatus::Code(0)) => return Some(text),
                    (Ended::ByItself, status) => format!("{status}"),
                    _ => format!("not ended after {PATIENCE:?}, and killed"),
                }
            }
        };
        self.fault(format!("{what}: {fault}"));
        None
    }

    /// Half an hour of figures is not thrown away for one of them.
    pub(crate) fn fault(&mut self, what: String) {
        eprintln!("{what}");
        self.faults.push(what);
    }

    /// How long each took, and what went wrong: whether nothing did.
    pub(crate) fn tell(&self) -> bool {
        let all: Duration = self.times.iter().map(|(_, time)| *time).sum();
        println!("{:>6.0} s in all", all.as_secs_f64());
        for (what, time) in &self.times {
            println!("{:>6.0} s  {what}", time.as_secs_f64());
        }
        for fault in &self.faults {
            println!("FAILED: {fault}");
        }
        self.faults.is_empty()
    }
}

/// Runs all, and gives the path of the record. With `only`, the other packages'
/// lines stay as an earlier run has left them there.
pub(crate) fn all(root: &Path, only: &[String], log: &mut Log) -> anyhow::Result<PathBuf> {
    // Before anything is compiled, which is a load of its own.
    let machine = json!({"kind": "machine", "text": machine::description()});
    build(root, only, log)?;
    let path = root.join("bench/target/record.jsonl");
    let kept = match only {
        [] => String::new(),
        _ => others(&fs::read_to_string(&path).unwrap_or_default(), only)?,
    };
    fs::write(&path, format!("{machine}\n{kept}"))?;
    for (package, name) in benches(root, only)? {
        let source = json!({"kind": "bench", "package": package, "name": name});
        append(&path, &format!("{source}\n"))?;
        let what = format!("cargo bench -p {package} --bench {name}");
        log.run(
            &what,
            Command::new("cargo")
                .args(["bench", "--quiet", "--package", &package, "--bench", &name])
                .current_dir(root)
                .env(RECORD, &path),
        );
    }
    append(&path, &transcript::measure(root, only, log)?)?;
    Ok(path)
}

/// Runs only what chapters show for its figures, and gives the path of that
/// record.
pub(crate) fn shown(root: &Path, only: &[String], log: &mut Log) -> anyhow::Result<PathBuf> {
    let path = root.join("bench/target/transcripts.jsonl");
    fs::create_dir_all(root.join("bench/target"))?;
    fs::write(&path, transcript::measure(root, only, log)?)?;
    Ok(path)
}

/// All that is compiled is compiled before the first figure, and takes its time.
fn build(root: &Path, only: &[String], log: &mut Log) -> anyhow::Result<()> {
    for peer in PEERS {
        let mut build = Command::new("cargo");
        build
            .args(["build", "--release", "--package", peer])
            .current_dir(root.join("bench"));
        if !build.status()?.success() {
            log.fault(format!("{peer} cannot be built: its rows say so"));
        }
    }
    let mut build = Command::new("cargo");
    build
        .args(["bench", "--no-run", "--bench", "*"])
        .current_dir(root);
    match only {
        [] => drop(build.arg("--workspace")),
        only => drop(build.args(only.iter().flat_map(|name| ["--package", name]))),
    }
    ensure!(build.status()?.success(), "the benchmarks do not compile");
    Ok(())
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// The lines of a record that are of other packages.
fn others(record: &str, packages: &[String]) -> anyhow::Result<String> {
    let mut kept = String::new();
    let mut wanted = false;
    for line in record.lines() {
        let value: Value = serde_json::from_str(line).with_context(|| line.to_string())?;
        match value["kind"].as_str() {
            Some("machine") => continue,
            Some("bench") => wanted = !packages.iter().any(|name| value["package"] == **name),
            Some("transcript") => {
                let command = value["command"].as_str().unwrap_or_default();
                wanted = !transcript::is_of(command, packages);
            }
            _ => {}
        }
        if wanted {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Ok(kept)
}

/// Package and name of each benchmark, in the order of the workspace; of some
/// packages `only`, or of all if that is empty.
fn benches(root: &Path, only: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
            let name = text(&package["name"]);
            if target["kind"][0] == "bench" && (only.is_empty() || only.contains(&name)) {
                found.push((name, text(&target["name"])));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_one_package_keeps_the_others() {
        let line = |package| format!("{{\"kind\":\"bench\",\"package\":\"{package}\"}}\n");
        let (row, machine) = ("{\"kind\":\"curve\"}\n", "{\"kind\":\"machine\"}\n");
        let shown = "{\"kind\":\"transcript\",\"command\":\"cargo run -p pool -q\"}\n";
        let record = format!(
            "{machine}{}{row}{}{row}{row}{shown}",
            line("fork"),
            line("pool")
        );
        let kept = others(&record, &["pool".to_string()]).unwrap();
        assert_eq!(kept, format!("{}{row}", line("fork")));
    }

    #[test]
    fn what_fails_is_told_and_the_run_goes_on() {
        let mut log = Log::default();
        let mut sh = |text: &str| log.run(text, Command::new("sh").args(["-c", text]));
        assert_eq!(sh("echo a").as_deref(), Some("a\n"));
        assert_eq!(sh("echo a; exit 1"), None);
        assert_eq!(log.faults, ["echo a; exit 1: exited with status 1"]);
        assert!(!log.tell());
    }
}
