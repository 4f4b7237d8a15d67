//! The words of another language for what is the same source in both: the
//! comments in code and the labels of pictures.
//!
//! A gettext catalogue, of which this reads what it writes: `msgid` and `msgstr`
//! on a line each. An empty `msgstr` stays as it is in English.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

/// A catalogue, which notes what was asked for.
#[derive(Debug, Default)]
pub struct Catalog {
    words: BTreeMap<String, String>,
    /// What need not be asked for.
    spare: BTreeSet<String>,
    asked: RefCell<BTreeSet<String>>,
}

impl Catalog {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is of another form.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut catalog = Catalog::default();
        let mut id = None;
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}", path.display(), number + 1);
            let quoted = |text: &str| -> anyhow::Result<String> {
                serde_json::from_str(text).with_context(place)
            };
            if let Some(text) = line.strip_prefix("msgid ") {
                id = Some(quoted(text)?);
            } else if let Some(text) = line.strip_prefix("msgstr ") {
                let id = id.take().with_context(place)?;
                if catalog.words.insert(id, quoted(text)?).is_some() {
                    bail!("{}: twice", place());
                }
            } else if !line.is_empty() && !line.starts_with('#') {
                bail!("{}: neither msgid nor msgstr", place());
            }
        }
        Ok(catalog)
    }

    /// With the words of another catalogue, of which not all need be asked for: a
    /// row that could not be measured is in no table.
    #[must_use]
    pub fn with_spare(mut self, other: Catalog) -> Self {
        for (english, words) in other.words {
            if !self.words.contains_key(&english) {
                self.spare.insert(english.clone());
                self.words.insert(english, words);
            }
        }
        self
    }

    #[cfg(test)]
    pub(crate) fn of(words: &[(&str, &str)]) -> Self {
        let words = words.iter();
        let words = words.map(|(id, text)| (id.to_string(), text.to_string()));
        Catalog {
            words: words.collect(),
            ..Catalog::default()
        }
    }

    /// The other language's words for `english`; `None` when they are missing or
    /// to stay.
    pub fn get(&self, english: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(english.to_string());
        let words = self.words.get(english)?;
        (!words.is_empty()).then_some(words)
    }

    /// Likewise, where English will do: nothing is noted as missing.
    pub fn try_get(&self, english: &str) -> Option<&str> {
        self.words
            .contains_key(english)
            .then(|| self.get(english))?
    }

    /// A label, a title or a table's cell in the other language if it is there.
    /// Numbers in it are `{}` in the catalogue, in the same order in both.
    pub fn try_label(&self, label: &str) -> String {
        let (id, numbers) = numbers_out(label);
        let words = self.try_get(&id);
        words.map_or(label.to_string(), |words| numbers_in(words, &numbers))
    }

    /// What was asked for and is not there.
    pub fn missing(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let missing = asked.iter().filter(|id| !self.words.contains_key(*id));
        missing.cloned().collect()
    }

    /// What is there and was not asked for.
    pub fn unused(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let unused = self.words.keys().filter(|id| !asked.contains(*id));
        let unused = unused.filter(|id| !self.spare.contains(*id));
        unused.cloned().collect()
    }

    /// `code` with each comment that has lines of its own in the other language.
    pub fn comments(&self, code: &str, mark: &str) -> String {
        let mut out: Vec<String> = Vec::new();
        let mut lines = code.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((head, words)) = comment(line, mark) else {
                out.push(line.to_string());
                continue;
            };
            let mut all = vec![line];
            let mut english = words.to_string();
            while let Some((same, more)) = lines.peek().and_then(|line| comment(line, mark)) {
                if same != head || words.is_empty() || more.is_empty() {
                    break;
                }
                english.push(' ');
                english.push_str(more);
                all.extend(lines.next());
            }
            match Some(english.as_str())
                .filter(|e| !e.is_empty())
                .and_then(|e| self.get(e))
            {
                Some(words) => {
                    out.extend(wrapped(words, 78 - head.len()).map(|l| format!("{head} {l}")))
                }
                None => out.extend(all.into_iter().map(str::to_string)),
            }
        }
        out.join("\n")
    }

    /// A picture with its labels in the other language; with `all`, each label
    /// has to be there.
    pub fn labels(&self, svg: &str, all: bool) -> String {
        let mut parts = svg.split('<');
        let mut out = parts.next().unwrap_or("").to_string();
        for part in parts {
            let name = part.split([' ', '>', '/']).next().unwrap_or("");
            let label = part.split_once('>');
            let label = label.filter(|_| ["desc", "text", "title", "tspan"].contains(&name));
            out.push('<');
            let Some((head, label)) = label else {
                out.push_str(part);
                continue;
            };
            let id = numbers_out(label).0;
            if all && id.chars().any(char::is_alphabetic) {
                self.get(&id);
            }
            out.push_str(head);
            out.push('>');
            out.push_str(&self.try_label(label));
        }
        out
    }
}

/// The indent with the mark, and the words, of a line that is a comment. A
/// directive of a tool is none.
fn comment<'a>(line: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let rest = line.trim_start().strip_prefix(mark)?;
    let rest = rest.trim_start_matches(['/', '!']);
    if !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    Some((&line[..line.len() - rest.len()], rest.trim()))
}

/// Lines of at most `width` columns, about equally long; a Chinese character
/// takes two.
fn wrapped(words: &str, width: usize) -> impl Iterator<Item = String> {
    let wide = |c: char| if c.is_ascii() { 1 } else { 2 };
    let all: usize = words.chars().map(wide).sum();
    // Some room, since not every place is one to break at.
    let width = width.min(all / all.div_ceil(width).max(1) + 6);
    let mut lines = vec![String::new()];
    let mut column = 0;
    // What may not be cut: a run of ASCII, or one character and the
    // punctuation behind it.
    let mut pieces: Vec<String> = Vec::new();
    for c in words.chars() {
        match pieces.last_mut() {
            Some(last)
                if last.ends_with(|l: char| l.is_ascii_graphic()) && c.is_ascii_graphic() =>
            {
                last.push(c);
            }
            Some(last) if "，。；：、？！）”".contains(c) => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    for piece in pieces {
        let columns: usize = piece.chars().map(wide).sum();
        if column + columns > width {
            lines.push(String::new());
            column = 0;
        }
        if let Some(line) = lines.last_mut()
            && !(line.is_empty() && piece == " ")
        {
            line.push_str(&piece);
            column += columns;
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_string())
}

fn numbers_out(label: &str) -> (String, Vec<&str>) {
    let mut id = String::new();
    let mut numbers = Vec::new();
    let mut rest = label;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[start..]
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .map_or(rest.len(), |length| start + length);
        id.push_str(&rest[..start]);
        id.push_str("{}");
        numbers.push(&rest[start..end]);
        rest = &rest[end..];
    }
    id.push_str(rest);
    (id, numbers)
}

fn numbers_in(words: &str, numbers: &[&str]) -> String {
    let mut numbers = numbers.iter();
    let mut parts = words.split("{}");
    let mut out = parts.next().unwrap_or("").to_string();
    for part in parts {
        out.push_str(numbers.next().unwrap_or(&""));
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_translated_as_a_whole() {
        let catalog = Catalog::of(&[("No lock is held.", "没有锁被持有。"), ("gone", "没了")]);
        let code = "f();\n    // No lock\n    // is held.\n    g(); // x\n    // other";
        let expected = "f();\n    // 没有锁被持有。\n    g(); // x\n    // other";
        assert_eq!(catalog.comments(code, "//"), expected);
        assert_eq!(catalog.missing(), ["other"]);
        assert_eq!(catalog.unused(), ["gone"]);
        assert!(Catalog::default().with_spare(catalog).unused().is_empty());
    }

    #[test]
    fn a_label_keeps_its_numbers() {
        let catalog = Catalog::of(&[("worker {}: {} tasks", "工作进程 {}：{} 个任务")]);
        let svg = "<svg><text x=\"1\">worker 7826: 4 tasks</text><text>12</text></svg>";
        let expected = "<svg><text x=\"1\">工作进程 7826：4 个任务</text><text>12</text></svg>";
        assert_eq!(catalog.labels(svg, true), expected);
    }

    #[test]
    fn lines_end_between_characters_and_not_before_punctuation() {
        let lines: Vec<String> = wrapped("父进程等待子进程，然后 exit。", 12).collect();
        assert_eq!(lines, ["父进程等待子", "进程，然后", "exit。"]);
    }
}
