//! The pictures of runs: each is drawn by the program that ran.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// A picture's name, and the run that it shows: a recipe, or one of its examples,
/// and the arguments.
pub const RUNS: [(&str, &str, &[&str]); 12] = [
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
    ("task-again", "distributed --example task_again", &[]),
];

/// Where the picture called `name` is.
pub fn path(root: &Path, name: &str) -> PathBuf {
    root.join(format!("docs/src/pictures/run-{name}.svg"))
}

/// Runs the recipes and has each draw its run; only those called `names`, if there
/// are any.
///
/// # Errors
///
/// When one of them cannot be run, or fails; when there is no such picture.
pub fn draw(root: &Path, names: &[String]) -> anyhow::Result<()> {
    for name in names {
        let known = RUNS.iter().any(|(known, ..)| known == name);
        ensure!(known, "there is no picture of a run called {name}");
    }
    for (name, recipe, arguments) in RUNS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let mut command = Command::new("cargo");
        command.args(["run", "--quiet", "--package"]);
        command.args(recipe.split(' ')).arg("--");
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
