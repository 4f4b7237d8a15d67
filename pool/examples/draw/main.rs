//! Draws the book's pictures from real runs, as SVG.
//!
//! <!-- not run: it writes into the book -->
//! ```text
//! $ cargo run -q -p pool --example draw
//! docs/src/pictures/fork.svg
//! docs/src/pictures/pipe.svg
//! docs/src/pictures/master.svg
//! docs/src/pictures/workers.svg
//! docs/src/pictures/pool.svg
//! ```
//!
//! What to notice: nothing in the pictures is made up. A process tells when it
//! began and ended, which descriptors it has, whose child it is and what it has
//! done, and that is drawn. `--folder` draws them somewhere else.
#![forbid(unsafe_code)]

mod clock;
mod fork;
mod master;
mod pipe;
mod svg;
mod timeline;
mod workers;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use common::{program, say};

/// Draws the book's pictures from real runs.
#[derive(Parser)]
#[command(name = "draw")]
struct Options {
    /// Where to write them
    #[arg(long, default_value = "docs/src/pictures")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let write = |name: &str, picture: String| {
            let path = options.folder.join(name);
            fs::write(&path, picture).with_context(|| format!("write {}", path.display()))?;
            say!("{}", path.display());
            anyhow::Ok(())
        };
        write("fork.svg", fork::draw()?)?;
        write("pipe.svg", pipe::draw()?)?;
        write("master.svg", master::draw()?)?;
        write("workers.svg", workers::draw()?)?;
        // The last, since its threads forbid another fork.
        write("pool.svg", timeline::draw()?)
    })
}
