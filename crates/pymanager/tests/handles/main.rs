//! Typed handles: on our server and CPython's, and in the serving program.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

#[path = "../support/mod.rs"]
mod support;

mod deaths;
mod everywhere;
mod ours;
mod proxies;
