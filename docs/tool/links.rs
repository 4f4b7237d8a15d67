//! Where the links of the Markdown lead.
//!
//! A link within the repository has to lead to a file, and its fragment to a
//! heading or to lines that are there; one to another place has to be https.
//! Each chapter is in the summary, each picture and each Python program in a
//! chapter, and each transcript is run by a test or says why not.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::chapters;

/// What is wrong with the links and blocks of the book, README and the like: a
/// line each, `file:line: what`.
///
/// # Errors
///
/// When a file cannot be read.
pub fn faults(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let chapters = chapters::all(root)?;
    let mut files = chapters.clone();
    files.extend(beside(root)?);
    let mut texts = String::new();
    for path in &files {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        in_file(root, path, &text, chapters.contains(path), &mut faults)?;
        if chapters.contains(path) {
            texts.push_str(&text);
        }
    }
    for (folder, ending) in [("docs/src/pictures", "svg"), ("docs/python", "py")] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(ending) && !texts.contains(&*name) {
                faults.push(format!("{folder}/{name}: is in no chapter"));
            }
        }
    }
    Ok(faults)
}

/// The Markdown outside the book: at the root, and each library's own.
fn beside(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    for entry in fs::read_dir(root.join("crates"))? {
        folders.push(entry?.path());
    }
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn in_file(
    root: &Path,
    path: &Path,
    text: &str,
    is_chapter: bool,
    faults: &mut Vec<String>,
) -> anyhow::Result<()> {
    let name = path
        .strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string();
    let mut fault = |number: usize, what: String| faults.push(format!("{name}:{number}: {what}"));
    let summary = path.with_file_name("SUMMARY.md");
    let own = path.file_name().unwrap_or_default().to_string_lossy();
    if is_chapter && own != "SUMMARY.md" {
        let summary = fs::read_to_string(summary)?;
        if !summary.contains(&format!("({own})")) {
            fault(1, "is not in the summary".to_string());
        }
    }
    for (number, before, block) in blocks(text) {
        let (kind, rest) = block.split_first().map_or(("", &[][..]), |(k, r)| (*k, r));
        match kind.trim_start_matches('`') {
            "rust" | "python" | "toml" | "text" | "rust,no_run" | "" if !is_chapter => {}
            "rust" | "python" | "toml" | "text" => {}
            "console" if !is_chapter || before.starts_with("<!-- not run: ") => {}
            "console" => {
                if let Some(what) = untested(root, rest.first().unwrap_or(&"")) {
                    fault(number, what);
                }
            }
            other => fault(number, format!("a block of kind '{other}'")),
        }
    }
    for (number, line) in prose(text) {
        for target in targets(&line) {
            if let Some(what) = dead(root, path, &target) {
                fault(number, what);
            }
        }
    }
    Ok(())
}

/// Why no test runs the transcript that begins with `command`.
fn untested(root: &Path, command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |word: &str| {
        let place = words.iter().position(|found| *found == word)?;
        words.get(place + 1).copied()
    };
    let Some(member) = after("-p").filter(|_| command.starts_with("$ cargo run ")) else {
        return Some("a transcript that no test runs, and no reason why".to_string());
    };
    if !root.join(member).join("tests/book.rs").is_file() {
        return Some(format!("{member} has no test that runs its transcripts"));
    }
    let example = after("--example")?;
    let folder = root.join(member).join("examples");
    let there = folder.join(format!("{example}.rs")).exists() || folder.join(example).exists();
    (!there).then(|| format!("no example {example} of {member}"))
}

/// Why `target`, in the file at `path`, leads nowhere.
fn dead(root: &Path, path: &Path, target: &str) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    if target.contains(':') {
        return Some(format!("a link to {target}"));
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let folder = path.parent().unwrap_or(root);
    let file = if file.is_empty() {
        path.to_path_buf()
    } else {
        folder.join(file)
    };
    let Ok(text) = fs::read(&file).or_else(|error| {
        if file.is_dir() {
            Ok(Vec::new())
        } else {
            Err(error)
        }
    }) else {
        return Some(format!("a link to {target}, which is not there"));
    };
    let text = String::from_utf8_lossy(&text);
    if fragment.is_empty() {
        return None;
    }
    if file.extension().is_some_and(|extension| extension == "md") {
        let there = headings(&text).iter().any(|heading| heading == fragment);
        return (!there).then(|| format!("no heading for {target}"));
    }
    let lines = fragment
        .split('-')
        .map(|line| line.strip_prefix('L')?.parse().ok());
    let there = lines.into_iter().all(|line: Option<usize>| {
        line.is_some_and(|line| (1..=text.lines().count()).contains(&line))
    });
    (!there).then(|| format!("no such lines: {target}"))
}

/// The blocks of code: the number of the first line, the line before, the lines
/// with the fence first.
fn blocks(text: &str) -> Vec<(usize, &str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut before = "";
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("```") {
            let rest = lines.by_ref().map(|(_, line)| line);
            let block: Vec<&str> = std::iter::once(line)
                .chain(rest.take_while(|line| *line != "```"))
                .collect();
            found.push((number + 1, before, block));
        }
        before = line;
    }
    found
}

/// The lines that are in no block, without their code spans.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            let parts = line.split('`').enumerate();
            let plain = parts.map(|(n, part)| if n % 2 == 0 { part } else { "x" });
            found.push((number + 1, plain.collect()));
        }
    }
    found
}

/// What the links in a line of prose name.
fn targets(line: &str) -> Vec<String> {
    let ends = line.split("](").skip(1);
    let targets = ends.map(|rest| rest.split([')', ' ']).next().unwrap_or(""));
    let inline = targets.map(str::to_string);
    // HTML, as in README's head.
    let html = ["href=\"", "src=\""].into_iter().flat_map(|attribute| {
        let values = line.split(attribute).skip(1);
        values.map(|rest| rest.split('"').next().unwrap_or("").to_string())
    });
    inline.chain(html).collect()
}

/// The fragments of a file's headings, as mdBook and repository pages make them.
pub(crate) fn headings(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in with_code_spans(text) {
        if let Some(id) = anchor(line) {
            found.push(id.to_string());
            continue;
        }
        let Some(heading) = line.strip_prefix('#') else {
            continue;
        };
        let heading = heading.trim_start_matches('#').trim();
        // A fixed one: `## Title {#title}`.
        if let Some((_, id)) = heading.rsplit_once("{#") {
            found.push(id.trim_end_matches('}').to_string());
            continue;
        }
        let slug: String = heading
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            })
            .collect();
        let again = (1..).map(|n| format!("{slug}-{n}"));
        let free = std::iter::once(slug.clone())
            .chain(again)
            .find(|slug| !found.contains(slug));
        found.extend(free);
    }
    found
}

/// The name in a line that is an anchor and nothing else.
pub(crate) fn anchor(line: &str) -> Option<&str> {
    line.strip_prefix("<a id=\"")?.strip_suffix("\"></a>")
}

fn with_code_spans(text: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| {
            let fence = line.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_what_its_link_says() {
        let text = "# A `b` c?\n## x\n## x\n```text\n# no\n```\n## y {#why}\n<a id=\"z\"></a>\n";
        assert_eq!(headings(text), ["a-b-c", "x", "x-1", "why", "z"]);
    }

    #[test]
    fn a_dead_link_is_told() {
        let root = crate::root();
        let path = root.join("README.md");
        assert_eq!(dead(&root, &path, "LICENSE-MIT"), None);
        assert_eq!(dead(&root, &path, "https://example.org"), None);
        assert_eq!(dead(&root, &path, "docs/tool/lib.rs#L1-L2"), None);
        for target in [
            "LICENSE-NONE",
            "http://a",
            "README.md#none",
            "LICENSE-MIT#L999",
        ] {
            assert!(dead(&root, &path, target).is_some(), "{target}");
        }
    }

    #[test]
    fn links_are_found_and_code_is_not() {
        assert_eq!(
            targets("a [b](c.md) and [d](e#f), <img src=\"g.svg\">"),
            ["c.md", "e#f", "g.svg"]
        );
        assert_eq!(
            prose("`[a](b)` c\n```text\n[d](e)\n```\n"),
            [(1, "x c".to_string())]
        );
    }
}
