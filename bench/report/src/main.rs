//! Runs all benchmarks, and writes what they find into the README and the book.
//!
//! ```text
//! $ cargo run --release --manifest-path bench/Cargo.toml -p report
//! ```
//!
//! All is compiled first; a peer that cannot be built is a row that says so, and a
//! benchmark that fails or hangs costs its own rows. Every number in a table and
//! every point of a curve is of this one run: nothing is typed by hand. At the end
//! `cargo run -p book` carries them into the Chinese edition, and what took how
//! long is printed.
//!
//! `--package NAME` measures only that package, and takes the others from the
//! last run's record, `bench/target/record.jsonl`; `--transcripts` takes only the
//! runs that chapters show for their figures: the four models, ten thousand that
//! wait, many connections. `--record FILE` measures nothing.
#![forbid(unsafe_code)]

mod chart;
mod machine;
mod models;
mod record;
mod run;
mod table;
mod transcript;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::Parser;

use record::Record;
use run::Log;

/// Runs all benchmarks and writes their figures into the README and the book.
#[derive(Parser)]
struct Options {
    /// The record of an earlier run, in place of a new one.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Only these packages; the figures of the others stay.
    #[arg(long)]
    package: Vec<String>,
    /// Only the runs that chapters show for their figures; tables stay.
    #[arg(long)]
    transcripts: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let mut log = Log::default();
    let path = match options.record {
        Some(path) => path,
        None if options.transcripts => run::shown(&root, &options.package, &mut log)?,
        None => run::all(&root, &options.package, &mut log)?,
    };
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let record = Record::read(&text)?;
    if !options.transcripts {
        for title in table::write(&root, &record)? {
            log.fault(format!("README.md: {title:?} was not measured"));
        }
        chart::write(&root, &record)?;
    }
    transcript::write(&root, &record)?;
    models::write(&root, &record)?;
    let book = Command::new("cargo")
        .args(["run", "--quiet", "--package", "book"])
        .current_dir(&root)
        .status()?;
    if !book.success() {
        log.fault("cargo run -p book: failed".to_string());
    }
    let well = log.tell();
    println!("written from {}", path.display());
    Ok(match well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
