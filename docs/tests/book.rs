//! The book is true: its code is the sources', its links lead somewhere, and the
//! Chinese edition says what the English one says.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use book::{built, chapters, editions, labels, links, root, written};

#[test]
fn the_code_in_the_chapters_is_that_of_the_sources() {
    let (files, catalog) = written::files(&root()).unwrap();
    for file in files {
        let pairs = file.old.lines().zip(file.new.lines());
        let differ = pairs.take_while(|(old, new)| old == new).count();
        assert!(
            file.old == file.new,
            "{}:{}: the source has changed; run `cargo run -p book`",
            file.path.display(),
            differ + 1
        );
    }
    let unused = catalog.unused();
    assert!(
        unused.is_empty(),
        "{}: no source says {unused:?}",
        written::CATALOG
    );
    let missing = catalog.missing();
    assert!(
        missing.is_empty(),
        "{} lacks {missing:#?} (see `cargo run -p book -- missing`)",
        written::CATALOG
    );
}

/// All of them are built into one folder, where one would overwrite the other.
#[test]
fn no_two_examples_have_the_same_name() {
    let mut seen = BTreeMap::new();
    for members in [root(), root().join("crates")] {
        for member in fs::read_dir(members).unwrap() {
            let Ok(examples) = fs::read_dir(member.unwrap().path().join("examples")) else {
                continue;
            };
            for example in examples {
                let path = example.unwrap().path();
                let name = path.file_stem().unwrap().to_owned();
                if let Some(other) = seen.insert(name, path.clone()) {
                    panic!("{} and {}", other.display(), path.display());
                }
            }
        }
    }
    assert!(seen.len() > 50);
}

#[test]
fn every_link_of_the_markdown_leads_somewhere() {
    let faults = links::faults(&root()).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_label_of_the_pictures_can_be_read() {
    // How narrow a picture may become, and which are drawn narrow.
    let css = fs::read_to_string(root().join("docs/book.css")).unwrap();
    let width = |rule: &str| -> f64 {
        let (_, width) = rule.split_once("min-width: ").unwrap();
        width.split("px").next().unwrap().parse().unwrap()
    };
    let (_, rule) = css.split_once("    .content main img {").unwrap();
    let (_, others) = rule.split_once("img:not(").unwrap();
    let (narrow, wide) = (width(rule), width(others));
    let names = others.split_once(") {").unwrap().0;
    let names: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    let (mut faults, mut pictures) = (Vec::new(), 0);
    for folder in chapters::EDITIONS {
        for entry in fs::read_dir(root().join(folder).join("pictures")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_narrow = names.iter().any(|part| name.contains(part));
            let least = if is_narrow { narrow } else { wide };
            let svg = fs::read_to_string(&path).unwrap();
            let told = labels::faults(&svg, least).into_iter();
            faults.extend(told.map(|fault| format!("{folder}/pictures/{name}: {fault}")));
            pictures += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(pictures > 30, "{pictures}");
}

#[test]
fn every_command_of_the_chapters_names_what_is_there() {
    let mut commands = 0;
    for path in chapters::all(&root()).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        for call in text.split("cargo run ").skip(1) {
            // Up to the end of the code span or the line: of Markdown that is
            // wrapped, the next line too.
            // A help text in code shown ends its lines by `\n`.
            let call = call.split("\\n").next().unwrap();
            let call = call.split(['`', '"', ';']).next().unwrap();
            let words: Vec<&str> = call.split_whitespace().collect();
            let after = |option: &str| {
                let at = words.iter().position(|word| *word == option)?;
                words.get(at + 1).copied()
            };
            let Some(package) = after("-p") else { continue };
            if ["report", "book"].contains(&package) || words.contains(&"NAME") {
                continue;
            }
            commands += 1;
            let folder = root().join(package);
            assert!(folder.is_dir(), "{}: -p {package}", path.display());
            if let Some(example) = after("--example") {
                let examples = folder.join("examples");
                let there = examples.join(format!("{example}.rs")).is_file()
                    || examples.join(example).is_dir();
                assert!(there, "{}: {package} --example {example}", path.display());
            }
        }
    }
    assert!(commands > 100, "{commands}");
}

#[test]
fn the_chinese_edition_says_what_the_english_says() {
    let faults = editions::faults(&root()).unwrap();
    assert!(
        faults.is_empty(),
        "{}\n(after a translation: `cargo run -p book -- translated CHAPTER.md`)",
        faults.join("\n")
    );
}

#[test]
#[ignore = "needs mdbook"]
fn the_built_book_has_no_dead_link() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
    let output = Command::new(env!("CARGO_BIN_EXE_book"))
        .arg("build")
        .arg(&folder)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    let dead = built::dead_links(&fs::canonicalize(&folder).unwrap()).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
