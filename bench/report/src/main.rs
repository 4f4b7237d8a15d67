//! Runs all benchmarks, and writes what they find into the README and the book.
//!
//! ```text
//! $ cargo run --release --manifest-path bench/Cargo.toml -p report
//! ```
//!
//! The peers are built first; one that cannot be built is a row that says so.
//! Every number in a table and every point of a curve is of this one run:
//! nothing is typed by hand. `--transcripts` takes only the runs that chapters
//! show for their figures: the four models, ten thousand that wait, many
//! connections. `--record FILE` writes the tables anew from an
//! earlier run's record.
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

use anyhow::Context;
use clap::Parser;

use record::Record;

/// Runs all benchmarks and writes their figures into the README and the book.
#[derive(Parser)]
struct Options {
    /// The record of an earlier run, in place of a new one.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Only these packages; the figures of the others are lost from the tables.
    #[arg(long)]
    package: Vec<String>,
    /// Only the runs that chapters show for their figures; tables stay.
    #[arg(long)]
    transcripts: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let path = match options.record {
        Some(path) => path,
        None if options.transcripts => run::shown(&root, &options.package)?,
        None => run::all(&root, &options.package)?,
    };
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let record = Record::read(&text)?;
    if !options.transcripts {
        table::write(&root, &record)?;
        chart::write(&root, &record)?;
    }
    transcript::write(&root, &record)?;
    models::write(&root, &record)?;
    println!("written from {}", path.display());
    Ok(())
}
