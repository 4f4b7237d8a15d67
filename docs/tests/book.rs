//! The book is true: its code is the sources', its links lead somewhere.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use book::{built, chapters, links, root};

#[test]
fn the_code_in_the_chapters_is_that_of_the_sources() {
    for path in chapters::all(&root()).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        let written = chapters::with_code(&root(), &path, &text).unwrap();
        let differ = text.lines().zip(written.lines()).position(|(a, b)| a != b);
        assert!(
            text == written,
            "{}:{}: the source has changed; run `cargo run -p book`",
            path.display(),
            differ.unwrap_or(0) + 1
        );
    }
}

#[test]
fn every_link_of_the_markdown_leads_somewhere() {
    let faults = links::faults(&root()).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs mdbook"]
fn the_built_book_has_no_dead_link() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
    let docs = root().join("docs");
    let output = Command::new("mdbook")
        .arg("build")
        .arg(&docs)
        .arg("--dest-dir")
        .arg(&folder)
        .output()
        .expect("mdbook: install it with `cargo install mdbook`");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    // A missing include is an ERROR in the log, and the exit status is 0 even so.
    assert!(output.status.success(), "{log}");
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
    let dead = built::dead_links(&fs::canonicalize(&folder).unwrap()).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
