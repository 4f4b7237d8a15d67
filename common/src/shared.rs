//! stub
pub(crate) fn locks_held() -> usize {
    0
}
