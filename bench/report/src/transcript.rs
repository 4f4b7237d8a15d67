//! Runs that the book shows for their figures: measured here, written there.
//!
//! In a chapter they are blocks of the kind `console` under a comment that says
//! so, [`MARK`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::json;

use crate::record::Record;
use crate::run::Log;

/// How the comment before such a block begins.
pub(crate) const MARK: &str = "<!-- not run: measured by bench/report";

/// Runs each of them, and gives a line of the record for each. One that fails is
/// left in the chapters as it was.
pub(crate) fn measure(root: &Path, only: &[String], log: &mut Log) -> anyhow::Result<String> {
    let mut record = String::new();
    for command in commands(root)? {
        if !only.is_empty() && !is_of(&command, only) {
            continue;
        }
        let sh = |text: &str| {
            let mut run = Command::new("sh");
            run.args(["-c", text]).current_dir(root);
            run
        };
        let build = command.replacen("cargo run", "cargo build", 1);
        let build = build.split(" -- ").next().unwrap_or_default();
        if !sh(build).status()?.success() {
            log.fault(format!("{build}: failed"));
        } else if let Some(text) = log.run(&command, &mut sh(&command)) {
            let entry = json!({"kind": "transcript", "command": command, "text": text});
            record.push_str(&format!("{entry}\n"));
        }
    }
    Ok(record)
}

/// Whether what is run is one of these packages'.
pub(crate) fn is_of(command: &str, packages: &[String]) -> bool {
    let wanted = |package: &String| command.contains(&format!("-p {package} "));
    packages.iter().any(wanted)
}

/// The commands, each once: the other edition shows the same runs.
fn commands(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for chapter in chapters(root)? {
        for part in fs::read_to_string(&chapter)?.split(MARK).skip(1) {
            let command = command(part).with_context(|| chapter.display().to_string())?;
            if !found.iter().any(|known| known == command) {
                found.push(command.to_string());
            }
        }
    }
    Ok(found)
}

/// Writes what the runs of the record printed into their blocks.
pub(crate) fn write(root: &Path, record: &Record) -> anyhow::Result<()> {
    for chapter in chapters(root)? {
        let old = fs::read_to_string(&chapter)?;
        let mut parts = old.split(MARK);
        let mut new = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let called = command(part).with_context(|| chapter.display().to_string())?;
            let found = record.transcripts.iter().find(|(name, _)| name == called);
            let end = part.find("\n```\n").context("a block that ends")?;
            new.push_str(MARK);
            match found {
                None => new.push_str(part),
                Some((_, text)) => {
                    let head = part.find("$ ").context("a command")? + 2 + called.len();
                    new.push_str(&part[..head]);
                    new.push('\n');
                    new.push_str(text.trim_end());
                    new.push_str(&part[end..]);
                }
            }
        }
        if new != old {
            fs::write(&chapter, new)?;
        }
    }
    Ok(())
}

/// What is called in the block that follows a mark.
fn command(after: &str) -> anyhow::Result<&str> {
    let block = after.split_once("-->\n```console\n$ ");
    let (_, block) = block.context("a block of the kind `console` behind the mark")?;
    block.lines().next().context("a command")
}

fn chapters(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in ["docs/src", "docs/src-zh"] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
