//! The recipe as its user meets it.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod deaths;
mod roles;
#[path = "../support/mod.rs"]
mod support;

use common::testing::Finished;

#[track_caller]
pub(crate) fn fails_with_one_line(run: &Finished, text: &str) {
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.stderr.contains(text), "{run:?}");
    assert!(run.stderr.starts_with("distributed: "), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
}
