//! The part of a source that a chapter shows.
//!
//! A part is what stands between the comments `ANCHOR: name` and `ANCHOR_END:
//! name`; lines with such comments are left out. Without a name it is the whole
//! file.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::context;

/// A part of a source, with its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The first line's number, from 1.
    pub first: usize,
    /// The last line's number.
    pub last: usize,
    /// The code, indented as little as may be, without a final newline.
    pub code: String,
    /// The `use` lines at the head of a Rust source, for who wants to know where
    /// a name comes from; empty when the part shows them itself.
    pub uses: String,
    /// The definitions of the program's own types and constants that the part names
    /// and does not show.
    pub types: Vec<String>,
}

/// Takes the part called `anchor` out of the source at `path`.
///
/// # Errors
///
/// When there is no such file or part, when it is empty, and when it cuts an
/// item: braces that open in it have to close in it.
pub fn part(path: &Path, anchor: Option<&str>) -> anyhow::Result<Part> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let place = || format!("{}, {}", path.display(), anchor.unwrap_or("the whole"));
    let lines: Vec<&str> = text.lines().collect();
    let (first, last) = match anchor {
        None => (0, lines.len()),
        Some(name) => {
            let begin = marker(&lines, &format!("ANCHOR: {name}")).with_context(place)?;
            let end = marker(&lines, &format!("ANCHOR_END: {name}")).with_context(place)?;
            (begin + 1, end)
        }
    };
    ensure!(first < last, "{}: it is empty", place());
    let shown: Vec<(usize, &str)> = (first..last)
        .map(|number| (number, lines[number]))
        .filter(|(_, line)| !is_marker(line))
        .collect();
    let code = without_indent(shown.iter().map(|(_, line)| *line));
    ensure!(!code.trim().is_empty(), "{}: it is empty", place());
    if code.matches('{').count() != code.matches('}').count() {
        bail!("{}: it cuts an item", place());
    }
    let rust = path.extension().is_some_and(|extension| extension == "rs");
    let uses = match anchor {
        Some(_) if rust && !code.contains("\nuse ") && !code.starts_with("use ") => uses(&lines),
        _ => String::new(),
    };
    let types = match anchor {
        Some(_) if rust => context::definitions(path, &text, &code)?,
        _ => Vec::new(),
    };
    // A library's types are explained where they are documented.
    let library = path.components().any(|part| part.as_os_str() == "crates");
    let comment = |line: &&str| line.trim_start().starts_with("//");
    let bare = |item: String| {
        let lines = item.lines().filter(|line| !(library && comment(line)));
        let lines: Vec<&str> = lines.filter(|line| !is_marker(line)).collect();
        lines.join("\n")
    };
    let types = types.into_iter().map(bare).collect();
    Ok(Part {
        first: shown[0].0 + 1,
        last: shown[shown.len() - 1].0 + 1,
        code,
        uses,
        types,
    })
}

/// The one line whose comment is `wanted`.
fn marker(lines: &[&str], wanted: &str) -> anyhow::Result<usize> {
    let found: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.trim_start_matches(['/', '#', ' ']) == wanted)
        .map(|(number, _)| number)
        .collect();
    match found[..] {
        [number] => Ok(number),
        _ => bail!("{} lines say {wanted}", found.len()),
    }
}

fn is_marker(line: &str) -> bool {
    let comment = line.trim_start_matches(['/', '#', ' ']);
    comment.starts_with("ANCHOR: ") || comment.starts_with("ANCHOR_END: ")
}

fn without_indent<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> String {
    let full = lines.clone().filter(|line| !line.trim().is_empty());
    let indent = full.map(|line| line.len() - line.trim_start().len()).min();
    let indent = indent.unwrap_or(0);
    let cut: Vec<&str> = lines.map(|line| line.get(indent..).unwrap_or("")).collect();
    cut.join("\n").trim_matches('\n').to_string()
}

/// The `use` items that stand at the left margin, whole.
fn uses(lines: &[&str]) -> String {
    let mut found = Vec::new();
    let mut open = false;
    for line in lines {
        if open || line.starts_with("use ") {
            found.push(*line);
            open = !line.trim_end().ends_with(';');
        } else if line.starts_with("fn ") || line.starts_with("mod tests {") {
            break;
        }
    }
    found.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, anchor: Option<&str>) -> anyhow::Result<Part> {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("book-part-{}-{number}.rs", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        let part = part(&path, anchor);
        fs::remove_file(&path).unwrap();
        part
    }

    #[test]
    fn a_part_has_its_place_its_code_and_its_use_lines() {
        let text = "use a::{\n    b,\n};\n\nmod m {\n    // ANCHOR: x\n    fn f() {\n        \
                    // ANCHOR: y\n        g();\n        // ANCHOR_END: y\n    }\n    // ANCHOR_END: x\n}\n";
        let part = of(text, Some("x")).unwrap();
        assert_eq!(part.code, "fn f() {\n    g();\n}");
        assert_eq!(part.uses, "use a::{\n    b,\n};");
        assert_eq!((part.first, part.last), (7, 11));
    }

    #[test]
    fn what_is_missing_empty_or_cut_is_refused() {
        let text = "// ANCHOR: a\n// ANCHOR_END: a\n// ANCHOR: b\nfn f() {\n// ANCHOR_END: b\n}\n";
        assert!(of(text, Some("a")).is_err());
        assert!(of(text, Some("b")).is_err());
        assert!(of(text, Some("c")).is_err());
    }
}
