//! What keeps the book true: the code in the chapters is the sources' own, every
//! link leads somewhere, and the built book contains the sources it links to.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`chapters`] | finds the chapters, and writes code into them |
//! | [`source`] | takes the named part out of a source |
//! | [`context`] | the types and constants that such a part names |
//! | [`links`] | looks where each link of the Markdown leads |
//! | [`built`] | crawls the built book for dead links |
//! | [`labels`] | whether the labels of a picture can be read |
//! | [`editions`] | holds the Chinese edition to the English one |
//! | [`figures`] | the tables of figures, in both editions |
//! | [`markdown`] | a chapter as a sequence of blocks |
//! | [`catalog`] | Chinese words for comments in code and labels of pictures |
//! | [`written`] | all files that are written wholly or in part |
//! | [`runs`] | has the recipes draw their runs |
//! | [`pages`] | mdBook's preprocessor: a page for each source that is linked |
#![forbid(unsafe_code)]

pub mod built;
pub mod catalog;
pub mod chapters;
pub mod context;
pub mod editions;
pub mod figures;
pub mod labels;
pub mod links;
pub mod markdown;
pub mod pages;
pub mod runs;
pub mod source;
pub mod written;

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent().unwrap_or(docs).to_path_buf()
}
