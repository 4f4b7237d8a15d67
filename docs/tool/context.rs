//! What a piece of Rust code names and does not show: its types and constants, as
//! far as they are of the same program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The definitions that the lines `shown` of the source at `path` name and do not
/// contain, each once, in the order of their names' first mention. Names from a
/// library are left out: its own documentation tells of them.
///
/// # Errors
///
/// When a file of the program cannot be read.
pub fn definitions(path: &Path, text: &str, shown: &str) -> anyhow::Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let mut others = None;
    let imported = imported(path, text);
    for name in names(shown) {
        let definition = match item(text, name) {
            Some(definition) => Some(definition),
            None if imported.contains(name) => {
                let others = match &mut others {
                    Some(others) => others,
                    None => others.insert(others_of(path)?),
                };
                let mut all = others.iter().filter_map(|other| item(other, name));
                // Of two with the same name this cannot tell which is meant.
                let first = all.next();
                first.filter(|_| all.next().is_none())
            }
            None => None,
        };
        found.extend(definition.filter(|definition| !shown.contains(&**definition)));
    }
    Ok(found)
}

/// What begins with a capital letter, outside comments.
fn names(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in code.lines() {
        let line = line.split("//").next().unwrap_or("");
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        for word in words {
            // Of `Poll::Ready` it is the first that is a type of this program, if any.
            let mut path = word.split("::").map(|part| part.trim_matches(':'));
            let name = path.find(|part| part.starts_with(char::is_uppercase));
            names.extend(name.filter(|name| name.len() > 1 && !names.contains(name)));
        }
    }
    names
}

/// The definition of `name` that stands at the left margin of `text`, with its
/// comments and attributes.
fn item(text: &str, name: &str) -> Option<String> {
    const KINDS: [&str; 6] = ["struct", "enum", "type", "const", "static", "trait"];
    let lines: Vec<&str> = text.lines().collect();
    // Where the comments and attributes of the next item begin.
    let (mut head, mut attribute) = (0, false);
    for (number, line) in lines.iter().enumerate() {
        if attribute || line.starts_with("#[") {
            attribute = !line.ends_with(']');
            continue;
        }
        if line.starts_with("///") {
            continue;
        }
        let public = line
            .strip_prefix("pub")
            .map(|rest| match rest.split_once(')') {
                Some((_, after)) if rest.starts_with('(') => after,
                _ => rest,
            });
        let mut words = public.unwrap_or(line).split_whitespace();
        let (kind, word) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let word = word
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next();
        if KINDS.contains(&kind) && word == Some(name) && !line.starts_with(' ') {
            let ends = |line: &&str| !line.starts_with(' ') && line.ends_with(['}', ';']);
            let last = number + lines[number..].iter().position(ends)?;
            return Some(lines[head..=last].join("\n"));
        }
        head = number + 1;
    }
    None
}

/// The names that the `use` lines take from the same program.
fn imported<'a>(path: &Path, text: &'a str) -> BTreeSet<&'a str> {
    let mut own: BTreeSet<String> = ["crate", "super", "self"].map(str::to_string).into();
    let modules = text.lines().filter_map(|line| line.strip_prefix("mod "));
    own.extend(modules.filter_map(|line| Some(line.strip_suffix(';')?.to_string())));
    // A program uses the library beside it by the name of the package.
    let package = path
        .ancestors()
        .find(|folder| folder.join("Cargo.toml").is_file());
    let package = package.and_then(Path::file_name).unwrap_or_default();
    own.insert(package.to_string_lossy().replace('-', "_"));
    let mut names = BTreeSet::new();
    for item in text.split("\nuse ").skip(1) {
        let item = item.split(';').next().unwrap_or("");
        if own.contains(item.split("::").next().unwrap_or("")) {
            names.extend(item.split(|c: char| !(c.is_alphanumeric() || c == '_')));
        }
    }
    names
}

/// The other sources of the program or library to which the one at `path` belongs.
fn others_of(path: &Path) -> anyhow::Result<Vec<String>> {
    let is_root = |folder: &&Path| {
        let roots = ["main.rs", "lib.rs"];
        roots.iter().any(|root| folder.join(root).is_file())
    };
    let mut texts = Vec::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(
        path.ancestors()
            .skip(1)
            .find(is_root)
            .map(Path::to_path_buf),
    );
    while let Some(folder) = folders.pop() {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        paths.sort();
        for other in paths {
            if other.is_dir() {
                folders.push(other);
            } else if other != path && other.extension().is_some_and(|ending| ending == "rs") {
                texts.push(fs::read_to_string(&other)?);
            }
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use std::time::Duration;\n\nuse options::Options;\n\nmod options;\n\n\
        /// How many.\nconst COUNT: u32 = 3;\nconst OTHER: u32 = 4;\n\n\
        /// An item.\n#[derive(\n    Debug\n)]\npub(crate) struct Item {\n    a: u32,\n}\n\n\
        type Both = (Item, u32);\n";

    #[test]
    fn a_definition_has_its_comments_and_ends_where_it_ends() {
        assert_eq!(item(TEXT, "OTHER").unwrap(), "const OTHER: u32 = 4;");
        assert_eq!(
            item(TEXT, "COUNT").unwrap(),
            "/// How many.\nconst COUNT: u32 = 3;"
        );
        let expected =
            "/// An item.\n#[derive(\n    Debug\n)]\npub(crate) struct Item {\n    a: u32,\n}";
        assert_eq!(item(TEXT, "Item").unwrap(), expected);
        assert_eq!(item(TEXT, "Duration"), None);
    }

    #[test]
    fn what_code_names_of_its_program_is_found_and_what_it_shows_is_not() {
        let folder = std::env::temp_dir().join(format!("book-context-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (main, options) = (folder.join("main.rs"), folder.join("options.rs"));
        fs::write(&main, TEXT).unwrap();
        fs::write(&options, "pub struct Options;\npub struct Duration;\n").unwrap();
        let shown = "type Both = (Item, u32);\n// COUNT\nuse Some::OTHER;\nfn f(o: Options, b: Both, d: Duration) {}";
        let found = definitions(&main, TEXT, shown).unwrap();
        fs::write(folder.join("other.rs"), "struct Options(u32);\n").unwrap();
        let unclear = definitions(&main, TEXT, shown).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(unclear, found[..1]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("    a: u32,\n}"), "{found:?}");
        assert_eq!(found[1], "pub struct Options;");
    }
}
