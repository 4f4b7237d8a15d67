//! The pictures of runs: each is drawn by the program that ran.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// A picture's name, and the run that it shows: a recipe and its arguments.
pub const RUNS: [(&str, &str, &[&str]); 11] = [
    ("fork", "fork", &[]),
    ("process", "process", &[]),
    ("pool", "pool", &["--seed", "7"]),
    ("ipc-queue", "ipc-queue", &[]),
    ("ipc-pipe", "ipc-pipe", &[]),
    ("threads", "threads", &[]),
    ("lock", "lock", &[]),
    ("without-lock", "lock", &["--without-lock"]),
    ("coroutine", "coroutine", &[]),
    ("mixed", "mixed", &[]),
    (
        "distributed",
        "distributed",
        &["--tasks", "3", "--pause", "0.2", "--seed", "7"],
    ),
];

/// Where the picture called `name` is.
pub fn path(root: &Path, name: &str) -> PathBuf {
    root.join(format!("docs/src/pictures/run-{name}.svg"))
}

/// Runs the recipes and has each draw its run.
///
/// # Errors
///
/// When one of them cannot be run, or fails.
pub fn draw(root: &Path) -> anyhow::Result<()> {
    for (name, recipe, arguments) in RUNS {
        let mut command = Command::new("cargo");
        command.args(["run", "--quiet", "--package", recipe, "--"]);
        command
            .args(arguments)
            .arg("--timeline")
            .arg(path(root, name));
        command.current_dir(root).stdout(Stdio::null());
        let status = command.status().context("cannot run cargo")?;
        ensure!(status.success(), "{recipe} {arguments:?}: {status}");
    }
    Ok(())
}
