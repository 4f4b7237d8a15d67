//! The runs that the book shows.

use std::fs;
use std::path::{Path, PathBuf};

use super::at_once::at_once;
use super::program::{Finished, Program};
use super::transcript::{Transcript, transcripts_in};

/// The transcripts of the programs of `member`, in all chapters.
///
/// # Panics
///
/// If a chapter cannot be read, or none shows that member.
pub fn transcripts(member: &str) -> Vec<Transcript> {
    let folder = docs().join("src");
    let entries = fs::read_dir(&folder).expect("docs/src");
    let mut chapters: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    chapters.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    chapters.sort();
    let mut found = Vec::new();
    for path in chapters {
        let text = fs::read_to_string(&path).expect("a chapter");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        found.extend(transcripts_in(&name, &text, member));
    }
    assert!(!found.is_empty(), "no chapter shows a run of {member}");
    found
}

/// Runs what the book shows of `member`, whose binary is `recipe`, and asserts
/// that the same happens. The recipe itself also gets the arguments `quick`, to
/// take less time.
///
/// # Panics
///
/// If a run fails, or prints something else than the book.
#[track_caller]
pub fn assert_book_tells(member: &str, recipe: &str, quick: &[&str]) {
    at_once(transcripts(member), |transcript| {
        let program = transcript.program(recipe);
        let program = match transcript.example() {
            None => program.args(quick),
            Some(_) => program,
        };
        transcript.assert_tells(&program.run().success().stdout);
    });
}

/// Asserts that `python3 docs/python/FILE` prints what `transcript` shows.
///
/// # Panics
///
/// If it does not, or if `python3` is missing or fails.
#[track_caller]
pub fn assert_python_tells(file: &str, transcript: &Transcript) {
    transcript.assert_tells(&run_python(file).stdout);
}

/// Asserts that `python3 docs/python/FILE` and the recipe without arguments, or
/// its `example`, both print what the book shows.
///
/// # Panics
///
/// If one of them does not, or if `python3` is missing.
#[track_caller]
pub fn assert_python_does_the_same(file: &str, member: &str, recipe: &str, example: Option<&str>) {
    let transcripts = transcripts(member);
    let same = transcripts
        .iter()
        .find(|transcript| transcript.example() == example && transcript.arguments().is_empty())
        .expect("the run in the book");
    assert_python_tells(file, same);
    same.assert_tells(&same.program(recipe).run().success().stdout);
}

fn run_python(file: &str) -> Finished {
    let script = docs().join("python").join(file);
    // Without a buffer, Python writes a line and its newline separately, and those
    // of several processes would mix.
    let program = Program::new("python3").env("PYTHONUNBUFFERED", "");
    program.arg(&script).run().success()
}

fn docs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))
}
