//! Builds the peers and runs every benchmark of the workspace, one at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use common::measure::RECORD;
use serde_json::{Value, json};

use crate::{machine, transcript};

const PEERS: [&str; 2] = ["ipc-channel-peer", "iceoryx2-peer"];

/// Runs all, and gives the path of the record.
pub(crate) fn all(root: &Path, only: &[String]) -> anyhow::Result<PathBuf> {
    let bench = root.join("bench");
    for peer in PEERS {
        let mut build = Command::new("cargo");
        build
            .args(["build", "--release", "--package", peer])
            .current_dir(&bench);
        if !build.status()?.success() {
            eprintln!("{peer} cannot be built: its rows will say so");
        }
    }
    let path = bench.join("target/record.jsonl");
    fs::create_dir_all(bench.join("target"))?;
    let machine = json!({"kind": "machine", "text": machine::description()});
    fs::write(&path, format!("{machine}\n"))?;
    for (package, name) in benches(root)? {
        if !only.is_empty() && !only.contains(&package) {
            continue;
        }
        let source = json!({"kind": "bench", "package": package, "name": name});
        let so_far = fs::read_to_string(&path)?;
        fs::write(&path, format!("{so_far}{source}\n"))?;
        let status = Command::new("cargo")
            .args(["bench", "--package", &package, "--bench", &name])
            .current_dir(root)
            .env(RECORD, &path)
            .status()?;
        // Half an hour of figures is not thrown away for one of them.
        if !status.success() {
            eprintln!("cargo bench -p {package} --bench {name}: {status}; its rows are missing");
        }
    }
    transcripts(root, &path, only)?;
    Ok(path)
}

/// Appends the runs that chapters show for their figures.
fn transcripts(root: &Path, path: &Path, only: &[String]) -> anyhow::Result<()> {
    let runs = transcript::measure(root, only)?;
    let so_far = fs::read_to_string(path)?;
    fs::write(path, so_far + &runs)?;
    Ok(())
}

/// Runs only what chapters show for its figures, and gives the path of that
/// record.
pub(crate) fn shown(root: &Path, only: &[String]) -> anyhow::Result<PathBuf> {
    let path = root.join("bench/target/transcripts.jsonl");
    fs::create_dir_all(root.join("bench/target"))?;
    fs::write(&path, "")?;
    transcripts(root, &path, only)?;
    Ok(path)
}

/// Package and name of each benchmark, in the order of the workspace.
fn benches(root: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            if target["kind"][0] == "bench" {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
                found.push((text(&package["name"]), text(&target["name"])));
            }
        }
    }
    Ok(found)
}
