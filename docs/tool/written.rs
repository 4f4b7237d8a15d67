//! What is written into both editions: code into the chapters, and the English
//! pictures with Chinese labels.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::catalog::Catalog;
use super::chapters;
use super::editions::{CHINESE, ENGLISH};
use super::figures;

/// Chinese words for comments and labels.
pub const CATALOG: &str = "docs/src-zh/catalog.po";

/// Chinese words for what the figures' rows and curves are called.
const TITLES: &str = "docs/src-zh/figures.po";

/// The front page in both languages: its figures are written, nothing else.
const FRONT: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// A file as it should be.
#[derive(Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, or nothing when it is missing.
    pub old: String,
    /// What should be in it.
    pub new: String,
}

/// All files that are written wholly or in part, and the catalogue, which has
/// noted what was asked for.
///
/// # Errors
///
/// When a chapter or a source cannot be read, or shows what is not there.
pub fn files(root: &Path) -> anyhow::Result<(Vec<File>, Catalog)> {
    let titles = Catalog::read(&root.join(TITLES))?;
    let catalog = Catalog::read(&root.join(CATALOG))?.with_spare(titles);
    let mut files = Vec::new();
    let mut measured = String::new();
    for path in chapters::all(root)? {
        let old = fs::read_to_string(&path)?;
        let chinese = path.starts_with(root.join(CHINESE)).then_some(&catalog);
        let mut new = chapters::with_code(root, &path, &old, chinese)?;
        if chinese.is_some() {
            let name = path.file_name().unwrap_or_default();
            let english = fs::read_to_string(root.join(ENGLISH).join(name)).unwrap_or_default();
            if let Some(part) = figures::part(&english) {
                new = figures::with_part(&new, &figures::translated(part, &catalog));
                measured.push_str(part);
            }
        }
        files.push(File { path, old, new });
    }
    let [english, chinese] = FRONT.map(|name| root.join(name));
    let part = fs::read_to_string(english)?;
    let part = figures::part(&part).unwrap_or_default();
    let part = figures::translated(part, &catalog).replace(ENGLISH, CHINESE);
    let old = fs::read_to_string(&chinese)?;
    let new = figures::with_part(&old, &part);
    let path = chinese;
    files.push(File { path, old, new });
    let folder = root.join(ENGLISH).join("pictures");
    for entry in fs::read_dir(&folder).context("docs/src/pictures")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            let name = path.file_name().unwrap_or_default();
            let english = fs::read_to_string(&path)?;
            let said = name.to_string_lossy();
            // A curve's labels are the benchmarks' titles.
            let curve = measured.contains(&*said);
            // What a program said is the same in both.
            let new = match said.starts_with("run-") {
                true => english,
                false => with_chinese_font(&catalog.labels(&english, !curve)),
            };
            let path = root.join(CHINESE).join("pictures").join(name);
            let old = fs::read_to_string(&path).unwrap_or_default();
            files.push(File { path, old, new });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, catalog))
}

/// Names fonts that have Chinese characters, before the one that always is there.
fn with_chinese_font(svg: &str) -> String {
    const FONTS: &str =
        "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
    svg.replace("sans-serif", FONTS)
}
