//! Runs that the book shows for their figures: measured here, written there.
//!
//! In a chapter they are blocks of the kind `console` under a comment that says
//! so, [`MARK`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::record::Record;

/// How the comment before such a block begins.
pub(crate) const MARK: &str = "<!-- not run: measured by bench/report";

/// Runs each of them, and gives a line of the record for each.
pub(crate) fn measure(root: &Path, only: &[String]) -> anyhow::Result<String> {
    let mut record = String::new();
    // The other edition shows the same runs.
    let english = chapters(root)?.into_iter();
    for chapter in english.filter(|path| path.starts_with(root.join("docs/src"))) {
        for line in fs::read_to_string(&chapter)?.split(MARK).skip(1) {
            let command = command(line).with_context(|| chapter.display().to_string())?;
            let wanted = |package: &String| command.contains(&format!("-p {package} "));
            if !only.is_empty() && !only.iter().any(wanted) {
                continue;
            }
            eprintln!("{command}");
            let mut run = Command::new("sh");
            run.args(["-c", command]).current_dir(root);
            let output = run.output()?;
            let errors = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{command}: {errors}");
            let text = String::from_utf8(output.stdout)?;
            let entry = json!({"kind": "transcript", "command": command, "text": text});
            record.push_str(&format!("{entry}\n"));
        }
    }
    Ok(record)
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
