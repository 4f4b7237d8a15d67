//! A walk through the built book: does each link and picture lead somewhere?

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A page's links, and the places in it that a link may name.
struct Page {
    targets: Vec<String>,
    ids: HashSet<String>,
}

/// The dead links of the pages below `folder`, a line each.
///
/// # Errors
///
/// When the book cannot be read.
pub fn dead_links(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut pages = HashMap::new();
    read(folder, &mut pages)?;
    let mut dead = Vec::new();
    for (path, page) in &pages {
        for target in &page.targets {
            if !lives(path, target, &pages) {
                let name = path.strip_prefix(folder).unwrap_or(path);
                dead.push(format!("{}: {target}", name.display()));
            }
        }
    }
    dead.sort();
    dead.dedup();
    Ok(dead)
}

fn read(folder: &Path, pages: &mut HashMap<PathBuf, Page>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, pages)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            let text = fs::read_to_string(&path)?;
            let page = Page {
                targets: [attributes(&text, "href"), attributes(&text, "src")].concat(),
                ids: attributes(&text, "id").into_iter().collect(),
            };
            pages.insert(path, page);
        }
    }
    Ok(())
}

fn attributes(text: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let values = text.split(&start).skip(1);
    let values = values.filter_map(|rest| rest.split('"').next());
    values.map(|value| value.replace("&amp;", "&")).collect()
}

fn lives(from: &Path, target: &str, pages: &HashMap<PathBuf, Page>) -> bool {
    if target.is_empty() || target.starts_with("https://") || target.starts_with("data:") {
        return true;
    }
    // mdBook's own pages for printing and for a missing page name the root.
    let own = ["print.html", "404.html", "toc.html"];
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    if own.contains(&&*name) || target.contains("${") {
        return true;
    }
    let (file, id) = target.split_once('#').unwrap_or((target, ""));
    let file = file.split('?').next().unwrap_or(file);
    let path = if file.is_empty() {
        from.to_path_buf()
    } else {
        from.parent().unwrap_or(from).join(file)
    };
    let path = fs::canonicalize(&path).unwrap_or(path);
    match pages.get(&path) {
        Some(page) => id.is_empty() || page.ids.contains(id),
        None => path.is_file(),
    }
}
