//! Every CPython that is installed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::program::Program;

/// A Python.
#[derive(Debug)]
pub struct Python {
    /// Like `3.11.7`.
    pub version: String,
    /// Its executable.
    pub path: PathBuf,
}

impl Python {
    /// The program `tests/python/NAME.py` of the package at `folder`
    /// (`env!("CARGO_MANIFEST_DIR")`), run by this Python; in Python 2,
    /// `NAME27.py` where there is one.
    pub fn script(&self, folder: &str, name: &str) -> Program {
        let folder = Path::new(folder).join("tests/python");
        let two = folder.join(format!("{name}27.py"));
        let file = match self.is_2() && two.exists() {
            true => two,
            false => folder.join(format!("{name}.py")),
        };
        Program::new(&self.path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(file)
    }

    /// Whether it is a Python 2.
    pub fn is_2(&self) -> bool {
        self.version.starts_with("2.")
    }
}

/// As [`pythons`], each named on standard error, past the test harness, which
/// would keep the names of those that pass to itself.
///
/// # Panics
///
/// When there is none.
pub fn named_pythons() -> Vec<Python> {
    let pythons = pythons();
    for Python { version, path } in &pythons {
        let line = format!("with Python {version}: {}\n", path.display());
        // Where it cannot be written, nobody reads it.
        let _ = io::stderr().write_all(line.as_bytes());
    }
    pythons
}

/// `python2.7` and all from `python3.6` up that are on PATH or under `PYENV_ROOT`
/// (`~/.pyenv` if that is not set), each version once.
///
/// # Panics
///
/// If there is none.
pub fn pythons() -> Vec<Python> {
    let mut candidates = Vec::new();
    for folder in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        candidates.push(folder.join("python2.7"));
        candidates.extend((6..=20).map(|minor| folder.join(format!("python3.{minor}"))));
    }
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    if let Some(versions) = root.and_then(|root| fs::read_dir(root.join("versions")).ok()) {
        candidates.extend(
            versions
                .flatten()
                .map(|entry| entry.path().join("bin/python")),
        );
    }
    let mut found = BTreeMap::new();
    for path in candidates.into_iter().filter(|path| path.is_file()) {
        if let Some((order, version)) = version(&path) {
            found.entry(order).or_insert(Python { version, path });
        }
    }
    assert!(
        !found.is_empty(),
        "no CPython on PATH or under PYENV_ROOT: install python3"
    );
    found.into_values().collect()
}

/// The version of a CPython; `None` if it does not run, like a pyenv shim whose
/// version is not chosen.
fn version(path: &PathBuf) -> Option<(Vec<u32>, String)> {
    let ask = "import sys, platform; print(platform.python_implementation()); \
               print('%d.%d.%d' % sys.version_info[:3])";
    let output = Command::new(path).args(["-c", ask]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let ["CPython", version] = text.lines().collect::<Vec<_>>()[..] else {
        return None;
    };
    let order: Vec<u32> = version
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    (order >= vec![2, 7]).then(|| (order, version.to_owned()))
}
