//! A page of the built book for each source that a chapter links.
//!
//! On a repository page and in an editor, a link to `../../pool/src/main.rs` is
//! right as it is; in the built book it would lead out of the book. There the
//! source is a page, with a number at each line, and the link is turned to it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::editions::{CHINESE, ENGLISH};

/// The folder of the built book in which the sources are.
const FOLDER: &str = "source";

/// The Chinese edition is built into a folder `zh` of the English one, and links
/// its pages of sources.
#[derive(Clone, Copy, PartialEq)]
enum Edition {
    English,
    Chinese,
}

impl Edition {
    /// The way from its pages to the sources.
    fn sources(self) -> String {
        match self {
            Edition::English => FOLDER.to_string(),
            Edition::Chinese => format!("../{FOLDER}"),
        }
    }

    /// The page of the other edition, of a link as it is on a repository page.
    fn other(self, target: &str) -> Option<String> {
        let (folder, to) = match self {
            Edition::English => ("../src-zh/", "zh"),
            Edition::Chinese => ("../src/", ".."),
        };
        let page = target.strip_prefix(folder)?.strip_suffix(".md")?;
        Some(format!("{to}/{page}.html"))
    }

    /// What leads from the page at `path` to the same one in the other edition.
    fn switch(self, root: &Path, path: &str) -> String {
        let (folder, to, language, name) = match self {
            Edition::English => (CHINESE, "zh", "zh-CN", "中文"),
            Edition::Chinese => (ENGLISH, "..", "en", "English"),
        };
        let is_there = |page: &&str| root.join(folder).join(page).is_file();
        let Some(page) = [path, "introduction.md"].into_iter().find(is_there) else {
            return String::new();
        };
        let page = page.trim_end_matches("md");
        let up = "../".repeat(path.matches('/').count());
        format!(
            "<p class=\"edition\"><a href=\"{up}{to}/{page}html\" hreflang=\"{language}\" \
             lang=\"{language}\">{name}</a></p>\n\n"
        )
    }
}

/// Takes what mdBook gives a preprocessor, and gives what it wants back: the
/// book, its links turned, with a page for each source.
///
/// # Errors
///
/// When it is of another form than mdBook's, and when a source cannot be read.
pub fn add(root: &Path, input: Value) -> anyhow::Result<Value> {
    let Value::Array(mut pair) = input else {
        bail!("mdBook's input is not a pair");
    };
    let (Some(mut book), Some(context), true) = (pair.pop(), pair.pop(), pair.is_empty()) else {
        bail!("mdBook's input is not a pair");
    };
    let source = context["config"]["book"]["src"].as_str().unwrap_or("src");
    let folder = root.join("docs").join(source);
    let edition = match format!("docs/{source}") == CHINESE {
        false => Edition::English,
        true => Edition::Chinese,
    };
    // mdBook before 0.5 called them sections.
    let key = if book.get("items").is_some() {
        "items"
    } else {
        "sections"
    };
    let mut pages = BTreeMap::new();
    let items = book[key].as_array_mut().context("the book has no items")?;
    for item in items.iter_mut() {
        turn(root, &folder, edition, item, &mut pages)?;
    }
    if edition == Edition::Chinese {
        return Ok(book);
    }
    let mut list = Edition::English.switch(root, "sources.md") + "# Sources\n\n";
    let mut below = Vec::new();
    for (file, path) in &pages {
        let _ = writeln!(list, "- [{file}]({FOLDER}/{}.html)", page_name(file));
        below.push(page(root, file, path)?);
    }
    // Folded away below one entry, so that the chapters stay in sight.
    items.push(chapter("Sources", &list, "sources.md", below));
    Ok(book)
}

fn chapter(name: &str, content: &str, path: &str, below: Vec<Value>) -> Value {
    json!({"Chapter": {
        "name": name,
        "content": content,
        "number": null,
        "sub_items": below,
        "path": path,
        "source_path": null,
        "parent_names": [],
    }})
}

/// Turns the links of a chapter and of those below it.
fn turn(
    root: &Path,
    folder: &Path,
    edition: Edition,
    item: &mut Value,
    pages: &mut BTreeMap<String, PathBuf>,
) -> anyhow::Result<()> {
    let Some(chapter) = item.get_mut("Chapter") else {
        return Ok(());
    };
    if let (Some(content), Some(path)) = (chapter["content"].as_str(), chapter["path"].as_str()) {
        let mut all = edition.switch(root, path);
        all.push_str(&turned(root, folder, edition, content, pages));
        chapter["content"] = json!(all);
    }
    for item in chapter["sub_items"].as_array_mut().into_iter().flatten() {
        turn(root, folder, edition, item, pages)?;
    }
    Ok(())
}

fn turned(
    root: &Path,
    folder: &Path,
    edition: Edition,
    content: &str,
    pages: &mut BTreeMap<String, PathBuf>,
) -> String {
    let mut out = String::new();
    let mut inside = false;
    let sources = edition.sources();
    for line in content.split_inclusive('\n') {
        inside ^= line.starts_with("```");
        let mut parts = line.split("](");
        out.push_str(parts.next().unwrap_or(""));
        for part in parts {
            let (target, rest) = part.split_once(')').unwrap_or((part, ""));
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            if let Some(page) = edition.other(file).filter(|_| !inside) {
                let hash = if fragment.is_empty() { "" } else { "#" };
                let _ = write!(out, "]({page}{hash}{fragment}){rest}");
                continue;
            }
            match outside(root, folder, file).filter(|_| !inside) {
                None => {
                    let _ = write!(out, "]({part}");
                    continue;
                }
                Some((name, path)) => {
                    // A page has an anchor at each line, not for a range.
                    let line = fragment.split('-').next().unwrap_or("");
                    let hash = if line.is_empty() { "" } else { "#" };
                    let page = page_name(&name);
                    let _ = write!(out, "]({sources}/{page}.html{hash}{line}){rest}");
                    pages.insert(name, path);
                }
            }
        }
    }
    out
}

/// A file of the repository outside the book's own folder: its name from the
/// root, and its path. A folder is shown by its list of files.
fn outside(root: &Path, folder: &Path, target: &str) -> Option<(String, PathBuf)> {
    if !target.starts_with("../") {
        return None;
    }
    let path = folder.join(target).canonicalize().ok()?;
    let name = path.strip_prefix(root.canonicalize().ok()?).ok()?;
    Some((name.to_str()?.to_string(), path.clone()))
}

/// The name of a source's page. mdBook takes a link to `README.md.html` for one
/// to a chapter, and cuts it.
fn page_name(file: &str) -> String {
    match file.strip_suffix(".md") {
        Some(name) => format!("{name}-md"),
        None => file.to_string(),
    }
}

fn page(root: &Path, file: &str, path: &Path) -> anyhow::Result<Value> {
    let own = format!("{FOLDER}/{}.md", page_name(file));
    let mut content = Edition::English.switch(root, &own);
    let _ = write!(content, "# {file}\n\n<pre class=\"source\">");
    for (number, line) in text(path)?.lines().enumerate() {
        let number = number + 1;
        let line = line
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        // An empty line would end the HTML block of the Markdown.
        let _ = writeln!(
            content,
            "<a id=\"L{number}\" href=\"#L{number}\">{number:4}</a> {line}"
        );
    }
    content.push_str("</pre>\n");
    Ok(chapter(file, &content, &own, Vec::new()))
}

fn text(path: &Path) -> anyhow::Result<String> {
    if !path.is_dir() {
        return fs::read_to_string(path).with_context(|| path.display().to_string());
    }
    let mut names: Vec<String> = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    names.sort();
    Ok(names.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_markdown_file_is_no_chapter() {
        assert_eq!(page_name("crates/a/README.md"), "crates/a/README-md");
        assert_eq!(page_name("a/src/lib.rs"), "a/src/lib.rs");
    }

    #[test]
    fn a_link_to_the_other_edition_leads_to_its_page() {
        for (edition, link, page) in [
            (Edition::English, "../src-zh/a.md#b", "zh/a.html#b"),
            (Edition::Chinese, "../src/a.md", "../a.html"),
        ] {
            let mut pages = BTreeMap::new();
            let (root, text) = (crate::root(), format!("[x]({link}) y"));
            let turned = turned(&root, &root.join("docs/src"), edition, &text, &mut pages);
            assert_eq!((turned, pages.len()), (format!("[x]({page}) y"), 0));
        }
    }

    #[test]
    fn a_linked_source_gets_a_page_and_its_links_lead_there() {
        let chapter = json!({"Chapter": {
            "name": "a", "path": "a.md", "sub_items": [],
            "content": "[t](../tool/lib.rs#L3-L5), [b](b.md), `x`\n```text\n](../tool/lib.rs)\n```\n",
        }});
        let context = json!({"config": {"book": {"src": "src"}}});
        let input = json!([context, {"items": [chapter]}]);
        let book = add(&crate::root(), input).unwrap();
        let items = book["items"].as_array().unwrap();
        let content = items[0]["Chapter"]["content"].as_str().unwrap();
        let expected = "[t](source/docs/tool/lib.rs.html#L3), [b](b.md), `x`\n```text\n](../tool/lib.rs)\n```\n";
        // The link to the other edition comes first.
        assert!(content.ends_with(expected), "{content}");
        let page = &items[1]["Chapter"]["sub_items"][0]["Chapter"];
        assert_eq!(page["path"], "source/docs/tool/lib.rs.md");
        let page = page["content"].as_str().unwrap();
        assert!(page.contains("<a id=\"L1\" href=\"#L1\">   1</a> //! What keeps"));
    }
}
