//! What keeps the Chinese edition true.
//!
//! It is a tree of its own beside the English one, so that it reads in an editor
//! and on a repository page too. Block by block the two are the same: a paragraph
//! for a paragraph, the same code, transcripts, tables and anchors. And for each
//! chapter it is written down, in `english.txt`, of which English paragraphs the
//! Chinese is the translation: a hash each. When one has changed since, a test
//! says which.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::markdown::{Block, Kind, blocks};

/// The edition that is translated.
pub const ENGLISH: &str = "docs/src";

/// The translation.
pub const CHINESE: &str = "docs/src-zh";

/// Where it is written down what was translated.
const RECORD: &str = "docs/src-zh/english.txt";

/// Where the two editions differ in what should be the same, and what has been
/// changed in English and not in Chinese: a line each.
///
/// # Errors
///
/// When a file cannot be read.
pub fn faults(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let record = fs::read_to_string(root.join(RECORD)).context(RECORD)?;
    for name in names(root, ENGLISH)? {
        let english = fs::read_to_string(root.join(ENGLISH).join(&name))?;
        let Ok(chinese) = fs::read_to_string(root.join(CHINESE).join(&name)) else {
            faults.push(format!("{CHINESE}/{name}: is missing"));
            continue;
        };
        let (english, chinese) = (blocks(&english), blocks(&chinese));
        faults.extend(differences(&name, &english, &chinese));
        faults.extend(changes(&name, &english, &record));
    }
    for name in names(root, CHINESE)? {
        if !root.join(ENGLISH).join(&name).exists() {
            faults.push(format!(
                "{CHINESE}/{name}: there is no such chapter in English"
            ));
        }
    }
    Ok(faults)
}

/// Writes down that the Chinese of these chapters is up to date; of all when none
/// is named.
///
/// # Errors
///
/// When a file cannot be read or written.
pub fn record(root: &Path, chapters: &[String]) -> anyhow::Result<()> {
    let path = root.join(RECORD);
    let old = fs::read_to_string(&path).unwrap_or_default();
    let mut new = String::from(
        "# The English paragraphs that the Chinese translates, written by\n\
         # `cargo run -p book -- translated [CHAPTER]`.\n",
    );
    for name in names(root, ENGLISH)? {
        let own = format!("{name} ");
        if chapters.is_empty() || chapters.contains(&name) {
            let text = fs::read_to_string(root.join(ENGLISH).join(&name))?;
            for block in blocks(&text).iter().filter(|block| block.is_prose()) {
                let _ = writeln!(
                    new,
                    "{own}{:016x} {}",
                    hash(&block.text),
                    start(&block.text)
                );
            }
        } else {
            for line in old.lines().filter(|line| line.starts_with(&own)) {
                let _ = writeln!(new, "{line}");
            }
        }
    }
    fs::write(&path, new).context(RECORD)
}

fn names(root: &Path, folder: &str) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(folder)).context(folder.to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The first place where the structures part, and all paragraphs without a
/// Chinese character.
fn differences(name: &str, english: &[Block], chinese: &[Block]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut pairs = english.iter().zip(chinese);
    if let Some((ours, theirs)) = pairs.find(|(ours, theirs)| ours.kind != theirs.kind) {
        faults.push(format!(
            "{CHINESE}/{name}:{}: {} where line {} of the English is {}",
            theirs.line,
            what(theirs),
            ours.line,
            what(ours)
        ));
    } else if english.len() != chinese.len() {
        let line = chinese.last().map_or(1, |block| block.line);
        faults.push(format!(
            "{CHINESE}/{name}:{line}: {} blocks, the English has {}",
            chinese.len(),
            english.len()
        ));
    }
    for block in chinese.iter().filter(|block| block.is_prose()) {
        let words = block.text.split_whitespace();
        let plain = words.filter(|word| word.chars().all(|c| c.is_ascii_alphabetic()));
        if plain.count() > 3 && !block.text.contains(is_chinese) {
            faults.push(format!(
                "{CHINESE}/{name}:{}: is not translated",
                block.line
            ));
        }
    }
    faults
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn what(block: &Block) -> String {
    match &block.kind {
        Kind::Fence(text) | Kind::Comment(text) => format!("{:?}", start(text)),
        kind => format!("{kind:?}"),
    }
}

/// The English paragraphs that are not those which were translated.
fn changes(name: &str, english: &[Block], record: &str) -> Vec<String> {
    let own = format!("{name} ");
    let lines = record.lines().filter_map(|line| line.strip_prefix(&own));
    let known: HashSet<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    let prose = english.iter().filter(|block| block.is_prose());
    let changed = prose.filter(|block| !known.contains(&*format!("{:016x}", hash(&block.text))));
    changed
        .map(|block| {
            let (line, start) = (block.line, start(&block.text));
            format!("{ENGLISH}/{name}:{line}: changed since it was translated: {start}")
        })
        .collect()
}

/// Its first words.
fn start(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(8).collect();
    words.join(" ")
}

/// FNV-1a over the words: where a line ends does not matter.
fn hash(text: &str) -> u64 {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bytes = words.join(" ").into_bytes().into_iter();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_english_is_told() {
        let before = blocks("# A\n\nOne two.\n\nThree.\n");
        let mut record = String::new();
        for block in &before {
            let _ = writeln!(record, "a.md {:016x} x", hash(&block.text));
        }
        let same = blocks("# A\n\nOne\ntwo.\n\nThree.\n");
        assert!(changes("a.md", &same, &record).is_empty());
        let after = blocks("# A\n\nOne two.\n\nFour.\n");
        let told = changes("a.md", &after, &record);
        assert_eq!(
            told,
            ["docs/src/a.md:5: changed since it was translated: Four."]
        );
    }

    #[test]
    fn another_structure_and_english_words_are_told() {
        let english = blocks("# A\n\nOne.\n\n- a\n- b\n");
        let good = blocks("# 甲\n\n一。\n\n- 甲\n- 乙\n");
        assert!(differences("a.md", &english, &good).is_empty());
        let bad = blocks("# 甲\n\nThis was left in English.\n\n- 甲\n");
        assert_eq!(differences("a.md", &english, &bad).len(), 2);
    }
}
