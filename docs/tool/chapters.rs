//! The chapters, and the code in them.
//!
//! Where a chapter shows code, a comment says whose, and this program writes all
//! that follows, up to the caption that names the file and the lines:
//!
//! ````text
//! <!-- code: process/src/main.rs#recipe -->
//! ```rust
//! fn main() { … }
//! ```
//!
//! [process/src/main.rs](../../process/src/main.rs#L20-L48), lines 20 to 48
//! ````
//!
//! So a chapter reads whole wherever it is opened, and cannot go stale: a test
//! holds the two together.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use super::catalog::Catalog;
use super::editions::{CHINESE, ENGLISH};
use super::source::{Part, part};

/// The folders of chapters: a language each.
pub const EDITIONS: [&str; 2] = [ENGLISH, CHINESE];

const OPEN: &str = "<!-- code: ";
const CLOSE: &str = " -->";

/// The Markdown files of the book, in all languages.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn all(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for edition in EDITIONS {
        let folder = root.join(edition);
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The chapter at `path`, whose text is `text`, with each piece of code as it is
/// in its source, its comments in the words of `catalog` if the chapter has them.
///
/// # Errors
///
/// When a source or its part is missing, and when there is code that no comment
/// announces.
pub fn with_code(
    root: &Path,
    path: &Path,
    text: &str,
    catalog: Option<&Catalog>,
) -> anyhow::Result<String> {
    let mut out = String::new();
    // A chapter has each of these once.
    let mut types: HashSet<String> = HashSet::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let place = || format!("{}:{}", path.display(), number + 1);
        let Some(target) = line.strip_prefix(OPEN) else {
            if ["```rust", "```python", "```toml"].contains(&line) {
                bail!("{}: code that no comment announces", place());
            }
            out.push_str(line);
            out.push('\n');
            if line.starts_with("```") {
                // What a block of another kind contains is not ours.
                for (_, line) in lines.by_ref() {
                    out.push_str(line);
                    out.push('\n');
                    if line == "```" {
                        break;
                    }
                }
            }
            continue;
        };
        let target = target.strip_suffix(CLOSE).with_context(place)?;
        let (file, anchor) = match target.split_once('#') {
            Some((file, anchor)) => (file, Some(anchor)),
            None => (target, None),
        };
        let mut part = part(&root.join(file), anchor).with_context(place)?;
        part.types.retain(|item| types.insert(item.clone()));
        if let Some(catalog) = catalog {
            let mark = if kind(file) == "rust" { "//" } else { "#" };
            part.code = catalog.comments(&part.code, mark);
            for item in &mut part.types {
                *item = catalog.comments(item, mark);
            }
        }
        let place = relative(root, path, file);
        out.push_str(&block(target, file, &place, &part, catalog.is_some()));
        // What was written here before goes.
        let rest = lines.clone().map(|(_, line)| line);
        for _ in 0..written(rest, file) {
            lines.next();
        }
        if lines.peek().is_some_and(|(_, line)| !line.is_empty()) {
            out.push('\n');
        }
    }
    Ok(out)
}

/// How many of these lines were written here before: up to the caption, if
/// nothing of anybody else's comes first.
fn written<'a>(lines: impl Iterator<Item = &'a str>, file: &str) -> usize {
    let caption = format!("[{file}](");
    let fence = format!("```{}", kind(file));
    let mut fenced = false;
    for (number, line) in lines.enumerate() {
        match line {
            "```" if fenced => fenced = false,
            _ if fenced => {}
            "" | "</details>" => {}
            _ if line == fence => fenced = true,
            _ if line.starts_with("<details>") => {}
            _ if line.starts_with(&caption) => return number + 1,
            _ => return 0,
        }
    }
    0
}

/// The text without what is written here: of each piece of code the comment is
/// left. Lines keep their numbers.
pub fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let target = line.strip_prefix(OPEN);
        let Some(target) = target.and_then(|rest| rest.strip_suffix(CLOSE)) else {
            continue;
        };
        let file = target.split('#').next().unwrap_or(target);
        for _ in 0..written(lines.clone(), file) {
            lines.next();
            out.push('\n');
        }
    }
    out
}

fn kind(file: &str) -> &'static str {
    match Path::new(file).extension().and_then(|name| name.to_str()) {
        Some("rs") => "rust",
        Some("py") => "python",
        Some("toml") => "toml",
        _ => "text",
    }
}

fn block(target: &str, file: &str, place: &str, part: &Part, chinese: bool) -> String {
    let kind = kind(file);
    let mut out = format!("{OPEN}{target}{CLOSE}\n");
    let uses = Some(&part.uses).filter(|uses| !uses.is_empty());
    let context: Vec<&str> = uses
        .into_iter()
        .chain(&part.types)
        .map(|part| &**part)
        .collect();
    let context = context.join("\n\n");
    let summary = match (part.uses.is_empty(), part.types.is_empty(), chinese) {
        (_, true, _) => "<code>use</code>",
        (false, false, false) => "<code>use</code>, types",
        (false, false, true) => "<code>use</code> 和类型",
        (true, false, false) => "types",
        (true, false, true) => "类型",
    };
    if !context.is_empty() {
        let _ = write!(
            out,
            "<details><summary>{summary}</summary>\n\n```{kind}\n{context}\n```\n\n</details>\n\n"
        );
    }
    let Part {
        first, last, code, ..
    } = part;
    let lines = match chinese {
        false => format!(", lines {first} to {last}"),
        true => format!("，第 {first} 至 {last} 行"),
    };
    let _ = write!(
        out,
        "```{kind}\n{code}\n```\n\n[{file}]({place}#L{first}-L{last}){lines}\n"
    );
    out
}

/// The way from a chapter to a file, which is named from the root.
pub fn relative(root: &Path, chapter: &Path, file: &str) -> String {
    let folder = chapter.parent().unwrap_or(root);
    let depth = folder.strip_prefix(root).unwrap_or(folder).components();
    let depth = depth.filter(|part| matches!(part, Component::Normal(_)));
    "../".repeat(depth.count()) + file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_written_once_and_then_stays() {
        let root = crate::root();
        let chapter = root.join("docs/src/some.md");
        let text = "# A\n\n<!-- code: docs/tool/lib.rs -->\n\nMore.\n";
        let once = with_code(&root, &chapter, text, None).unwrap();
        assert!(once.contains("[docs/tool/lib.rs](../../docs/tool/lib.rs#L1-L"));
        assert!(once.ends_with("\n\nMore.\n"), "{once}");
        assert_eq!(with_code(&root, &chapter, &once, None).unwrap(), once);
        // A transcript that follows is not ours.
        let more = text.replace("\n\nMore.", "\n\n```console\n$ a\n```\n\nMore.");
        let once_more = with_code(&root, &chapter, &more, None).unwrap();
        assert!(
            once_more.ends_with("\n\n```console\n$ a\n```\n\nMore.\n"),
            "{once_more}"
        );
        assert_eq!(
            with_code(&root, &chapter, &once_more, None).unwrap(),
            once_more
        );
        // What somebody has changed by hand is put right.
        let changed = once.replace("pub mod built;", "pub mod bulit;");
        assert_ne!(changed, once);
        assert_eq!(with_code(&root, &chapter, &changed, None).unwrap(), once);
    }

    #[test]
    fn code_that_is_nobodys_is_refused() {
        let root = crate::root();
        let chapter = root.join("docs/src/some.md");
        let error = with_code(&root, &chapter, "```rust\nfn f() {}\n```\n", None).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("some.md:1: code that no comment announces")
        );
    }
}
