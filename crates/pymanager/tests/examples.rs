//! Each example prints what its header says.
#![forbid(unsafe_code)]

use common::testing::assert_headers_tell;

#[test]
fn headers_tell() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}
