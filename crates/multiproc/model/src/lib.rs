//! The wait word (the very code of `multiproc`) and the ring's claims (their
//! protocol, restated) in every order that the memory model allows, with deaths
//! (loom):
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
mod waiting;

/// In place of `shared::value`.
#[allow(dead_code, reason = "the wait word implements them, nobody asks")]
mod value {
    pub(crate) unsafe trait ProcessSafe {}
    pub(crate) unsafe trait Plain: ProcessSafe {}
}
