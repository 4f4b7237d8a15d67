//! The wait word and the thread queue's ring (the very code of `multiproc`) and the
//! process queue's claims (their protocol, restated) in every order that the memory
//! model allows, with deaths (loom):
//!
//! ```text
//! cargo test --release --manifest-path crates/multiproc/model/Cargo.toml
//! ```
#![cfg(test)]

#[path = "../../src/deadline.rs"]
mod deadline;
#[allow(dead_code, reason = "not all of it is modelled")]
#[path = "../../src/shared/wait_word.rs"]
mod wait_word;

mod claims;
mod sync;
mod threads;
mod waiting;

/// In place of `queue`.
mod queue {
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) enum Error {
        Full,
        Empty,
        Closed,
    }
}

/// In place of `shared::value`.
#[allow(dead_code, reason = "the wait word implements them, nobody asks")]
mod value {
    pub(crate) unsafe trait ProcessSafe {}
    pub(crate) unsafe trait Plain: ProcessSafe {}
}

/// In place of `shared::spins`: looking around before sleeping changes nothing, and
/// takes loom for ever.
mod spins {
    use crate::deadline::Deadline;

    #[derive(Debug)]
    pub(crate) struct Spins;

    impl Spins {
        pub(crate) fn new() -> Self {
            Spins
        }

        pub(crate) fn spin<T>(&self, _: Deadline, _: impl FnMut() -> Option<T>) -> Option<T> {
            None
        }
    }
}
