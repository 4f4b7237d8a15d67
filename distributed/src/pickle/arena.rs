//! Where the nodes of a pickle live.
#[derive(Debug, Default)]
pub(super) struct Arena {}
