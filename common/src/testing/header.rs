//! What the headers of examples say that they print.

use std::fs;
use std::path::Path;

use super::transcript::transcripts_in;

/// Runs each example of the package at `folder` (`env!("CARGO_MANIFEST_DIR")`),
/// and asserts that its header tells what it prints: after `$ cargo run ...`, in
/// a block of code, with the marks that the book's transcripts have in the line
/// before. An example whose block is marked `<!-- not run: REASON -->` is
/// passed over.
///
/// # Panics
///
/// When a header shows no run, or another one than that of its example; when
/// the run fails or prints something else.
#[track_caller]
pub fn assert_headers_tell(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let member = folder.file_name().expect("a name").to_string_lossy();
    let entries = fs::read_dir(folder.join("examples")).expect("examples");
    let mut checked = 0;
    for entry in entries {
        let path = entry.expect("an entry").path();
        let source = match path.is_dir() {
            true => path.join("main.rs"),
            false => path.clone(),
        };
        let example = path.file_stem().expect("a name").to_string_lossy();
        let text = fs::read_to_string(&source).expect("a source");
        let header = header(&text);
        let transcripts = transcripts_in(&format!("{example}.rs"), &header, &member);
        if header.contains("<!-- not run: ") {
            continue;
        }
        assert!(!transcripts.is_empty(), "{example}.rs shows no run");
        for transcript in transcripts {
            assert_eq!(transcript.example(), Some(&*example), "whose run is it?");
            let done = transcript.program("").run().success();
            transcript.assert_tells(&done.stdout);
            checked += 1;
        }
    }
    assert!(checked > 0, "{member} has no example that is run");
}

/// The comment at the top of a source, as a chapter of the book would have it.
fn header(source: &str) -> String {
    let header: String = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_string() + "\n")
        .collect();
    header.replace("```text\n$ cargo run", "```console\n$ cargo run")
}
