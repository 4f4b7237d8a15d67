//! The runs that the book shows, held against this program.
#![forbid(unsafe_code)]

use common::testing::assert_book_tells;

#[test]
fn the_book_shows_what_happens() {
    assert_book_tells("mixed", env!("CARGO_BIN_EXE_mixed"), &[]);
}
