//! What keeps the book true: the code in the chapters is the sources' own, every
//! link leads somewhere, and the built book contains the sources it links to.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`chapters`] | finds the chapters, and writes code into them |
//! | [`source`] | takes the named part out of a source |
//! | [`links`] | looks where each link of the Markdown leads |
//! | [`built`] | crawls the built book for dead links |
//! | [`pages`] | mdBook's preprocessor: a page for each source that is linked |
#![forbid(unsafe_code)]

pub mod built;
pub mod chapters;
pub mod links;
pub mod pages;
pub mod source;

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent().unwrap_or(docs).to_path_buf()
}
