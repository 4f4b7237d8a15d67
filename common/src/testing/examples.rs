//! The examples of a package: whether they print what their headers show, and how
//! they treat their callers.

use std::fs::{self, File};
use std::path::Path;

use super::at_once::at_once;
use super::program::{Program, example};
use super::transcript::{Transcript, transcripts_in};

/// Runs each example of the package at `folder` (`env!("CARGO_MANIFEST_DIR")`),
/// and asserts that it prints what its header shows: a block of code that begins
/// with `$ cargo run ...`. The line before the block may have the same marks as
/// the book's transcripts. An example whose block is marked
/// `<!-- not run: REASON -->` is skipped.
///
/// # Panics
///
/// If a header shows no run, or that of another example; if the run fails, or
/// prints something else.
#[track_caller]
pub fn assert_headers_tell(folder: impl AsRef<Path>) {
    let examples = examples(folder.as_ref()).into_iter();
    at_once(examples.flat_map(|(_, runs)| runs), |transcript| {
        let done = transcript.program("").run().success();
        transcript.assert_tells(&done.stdout);
    });
}

/// Asserts for each example of the package at `folder` that its `--help` begins
/// with a sentence; that a wrong option is a usage error; that it is no error if
/// the reader of its output leaves; and that a full disk ends it with status 1 and
/// a message. Examples that are `not run` are only checked for the first two.
///
/// # Panics
///
/// At the first fault, with the run that showed it.
#[track_caller]
pub fn assert_examples_behave(folder: impl AsRef<Path>) {
    at_once(examples(folder.as_ref()), |(name, transcripts)| {
        let program = || Program::new(example(&name));
        let help = program().arg("--help").run().success().stdout;
        let first = help.lines().next().unwrap_or_default();
        assert!(first.ends_with('.'), "{name} has no sentence: {help}");
        let wrong = program().arg("--bogus").run();
        assert!(
            wrong.status.code() == Some(2) && wrong.stdout.is_empty(),
            "{name} --bogus: {wrong:?}"
        );
        for transcript in transcripts {
            let program = || transcript.program("");
            let left = program().head_1();
            assert!(
                left.status.success() && left.stderr.is_empty(),
                "{name} | head -1: {left:?}"
            );
            let full = File::options().write(true).open("/dev/full");
            let full = program().stdout(full.expect("/dev/full")).run();
            let told = full.stderr.contains("No space left on device");
            assert!(
                full.status.code() == Some(1) && told && !full.stderr.contains("panicked"),
                "{name} >/dev/full: {full:?}"
            );
        }
    });
}

/// The examples, each with the runs that its header shows.
fn examples(folder: &Path) -> Vec<(String, Vec<Transcript>)> {
    let member = folder.file_name().expect("a name").to_string_lossy();
    let entries = fs::read_dir(folder.join("examples")).expect("examples");
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        let source = match path.is_dir() {
            true => path.join("main.rs"),
            false => path.clone(),
        };
        let name = path.file_stem().expect("a name").to_string_lossy();
        let header = header(&fs::read_to_string(&source).expect("a source"));
        let transcripts = transcripts_in(&format!("{name}.rs"), &header, &member);
        let not_run = header.contains("<!-- not run: ");
        assert!(not_run || !transcripts.is_empty(), "{name}.rs shows no run");
        for transcript in &transcripts {
            assert_eq!(transcript.example(), Some(&*name), "whose run is it?");
        }
        found.push((name.into_owned(), transcripts));
    }
    found
}

/// The comment at the top of a source, in the form of a chapter.
fn header(source: &str) -> String {
    let header: String = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_string() + "\n")
        .collect();
    header.replace("```text\n$ cargo run", "```console\n$ cargo run")
}
