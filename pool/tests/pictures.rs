//! The book's pictures: drawn anew, and the same as those in the book but for
//! what differs from run to run.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;

use common::testing::{Program, example, mask_numbers};

const PICTURES: [&str; 5] = ["fork", "pipe", "master", "workers", "pool"];

/// The texts of a picture, without their numbers.
fn texts(folder: &Path, name: &str) -> Vec<String> {
    let picture = fs::read_to_string(folder.join(name)).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    let texts = picture.lines().filter(|line| line.starts_with("<text"));
    let texts = texts.map(|line| {
        let (_, text) = line.split_once('>').unwrap();
        mask_numbers(text.strip_suffix("</text>").unwrap())
    });
    texts.collect()
}

#[test]
fn the_pictures_are_those_of_the_book() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(example("draw")).arg("--folder");
    let done = program.arg(folder.path()).run().success();
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/pictures");
    for (name, line) in PICTURES.iter().zip(done.lines()) {
        let name = format!("{name}.svg");
        assert!(line.ends_with(&name), "{line}");
        let (mut fresh, mut kept) = (texts(folder.path(), &name), texts(&book, &name));
        // A short bar has the task's number alone; marks on the time axis, and
        // which task went to which worker, are the run's own.
        for texts in [&mut fresh, &mut kept] {
            texts.retain(|text| !text.ends_with(" s"));
            texts.iter_mut().for_each(|text| {
                if text == "task #" {
                    *text = "#".to_string();
                }
            });
        }
        assert_eq!(fresh, kept, "{name}: draw it anew, and look at it");
    }
    assert_eq!(done.lines().len(), PICTURES.len());
}
