//! Every CPython that is installed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// A Python.
#[derive(Debug)]
pub struct Python {
    /// Like `3.11.7`.
    pub version: String,
    /// Its executable.
    pub path: PathBuf,
}

/// All of `python2.7` and `python3.6` up that are on PATH or under `PYENV_ROOT`
/// (`~/.pyenv` where that is not set), each version once.
///
/// # Panics
///
/// When there is none.
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

/// Of a CPython that runs; a pyenv shim whose version is not chosen does not.
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
