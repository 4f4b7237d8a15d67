//! Writes the code of the sources into the chapters of the book.
//!
//! Run it after a change of code that a chapter shows: `cargo run -p book`. What
//! `cargo test -p book` finds wanting is what this would change. As `book
//! preprocess` it is mdBook's preprocessor, which gives each source that a
//! chapter links a page of its own.
#![forbid(unsafe_code)]

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use book::{chapters, pages, root};

/// Writes the code of the sources into the chapters of the book.
#[derive(Parser)]
#[command(name = "book")]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Speaks mdBook's preprocessor protocol on standard input and output.
    Preprocess {
        /// `supports RENDERER`, as mdBook asks.
        question: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Options::parse().command {
        None => write(),
        Some(Command::Preprocess { question }) => match question.first().map(String::as_str) {
            Some("supports") => {
                let html = question.get(1).is_some_and(|renderer| renderer == "html");
                return if html {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                };
            }
            _ => preprocess(),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "book: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> anyhow::Result<()> {
    for path in chapters::all(&root())? {
        let old = fs::read_to_string(&path)?;
        let new = chapters::with_code(&root(), &path, &old)?;
        if new != old {
            fs::write(&path, new).with_context(|| format!("cannot write {}", path.display()))?;
            writeln!(io::stdout(), "{}", path.display())?;
        }
    }
    Ok(())
}

fn preprocess() -> anyhow::Result<()> {
    let input: serde_json::Value =
        serde_json::from_reader(io::stdin().lock()).context("mdBook's input")?;
    let output = pages::add(&root(), input)?;
    serde_json::to_writer(io::stdout().lock(), &output)?;
    Ok(())
}
