//! Keeps the book of this project, and builds it.
//!
//! `cargo run -p book` writes the sources' code into the chapters; run it after a
//! change of code that a chapter shows. What `cargo test -p book` finds wanting is
//! what this would change. `-- build` builds both editions with mdBook.
#![forbid(unsafe_code)]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};

use book::{editions, pages, root, runs, written};

/// Writes the code of the sources into the chapters of the book.
#[derive(Parser)]
#[command(name = "book")]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the recipes, and has each draw its run for its chapter.
    Runs {
        /// `pool` and the like; all when none is given.
        pictures: Vec<String>,
    },
    /// Builds both editions with mdBook, the Chinese one into a folder `zh`.
    Build {
        /// Where to; `docs/book` if it is not given.
        folder: Option<PathBuf>,
    },
    /// Writes down that the Chinese of these chapters is up to date.
    Translated {
        /// `fork.md` and the like; all when none is given.
        chapters: Vec<String>,
    },
    /// Prints the comments and labels that the catalogue lacks.
    Missing,
    /// Speaks mdBook's preprocessor protocol on standard input and output.
    Preprocess {
        /// `supports RENDERER`, as mdBook asks.
        question: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Options::parse().command {
        None => write(),
        Some(Command::Runs { pictures }) => runs::draw(&root(), &pictures),
        Some(Command::Build { folder }) => {
            build(&folder.unwrap_or_else(|| root().join("docs/book")))
        }
        Some(Command::Translated { chapters }) => editions::record(&root(), &chapters),
        Some(Command::Missing) => missing(),
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
    for file in written::files(&root())?.0 {
        if file.new != file.old {
            let path = file.path.display();
            if let Some(folder) = file.path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&file.path, &file.new).with_context(|| format!("cannot write {path}"))?;
            writeln!(io::stdout(), "{path}")?;
        }
    }
    Ok(())
}

fn missing() -> anyhow::Result<()> {
    for english in written::files(&root())?.1.missing() {
        let id = serde_json::to_string(&english)?;
        writeln!(io::stdout(), "msgid {id}\nmsgstr \"\"\n")?;
    }
    Ok(())
}

/// The Chinese edition has the same settings but for its sources and language,
/// and a search that finds Chinese words.
fn build(folder: &Path) -> anyhow::Result<()> {
    const CHINESE: [(&str, &str); 6] = [
        ("MDBOOK_BOOK__SRC", "src-zh"),
        ("MDBOOK_BOOK__LANGUAGE", "zh-CN"),
        ("MDBOOK_BOOK__TITLE", "Unix 多任务编程：Rust 实战"),
        (
            "MDBOOK_BOOK__DESCRIPTION",
            "进程、线程、队列和管道：可以直接运行的示例，以及它们背后的原理",
        ),
        // A head with that search.
        ("MDBOOK_OUTPUT__HTML__THEME", "theme-zh"),
        // The sources are in the English edition alone.
        ("MDBOOK_OUTPUT__HTML__SEARCH__CHAPTER", "{}"),
    ];
    mdbook(folder, &[])?;
    mdbook(&folder.join("zh"), &CHINESE)
}

fn mdbook(folder: &Path, settings: &[(&str, &str)]) -> anyhow::Result<()> {
    let folder = std::path::absolute(folder)?;
    let output = process::Command::new("mdbook")
        .arg("build")
        .arg(root().join("docs"))
        .arg("--dest-dir")
        .arg(folder)
        .envs(settings.iter().copied())
        .output()
        .context("mdbook: install it with `cargo install mdbook --version '~0.5' --locked`")?;
    let log = String::from_utf8_lossy(&output.stderr);
    io::stderr().write_all(log.as_bytes())?;
    ensure!(output.status.success(), "mdbook: {}", output.status);
    // A missing include is an ERROR in its log, and the exit status is 0 even so.
    let clean = !log.contains("ERROR") && !log.contains("WARN");
    ensure!(clean, "mdbook has complained");
    Ok(())
}

fn preprocess() -> anyhow::Result<()> {
    let input: serde_json::Value =
        serde_json::from_reader(io::stdin().lock()).context("mdBook's input")?;
    let output = pages::add(&root(), input)?;
    serde_json::to_writer(io::stdout().lock(), &output)?;
    Ok(())
}
