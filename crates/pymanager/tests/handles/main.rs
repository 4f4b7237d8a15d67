//! Typed handles: on our server and CPython's, and in the serving program.
#![allow(clippy::unwrap_used)]
#![forbid(unsafe_code)]

#[path = "../support/mod.rs"]
mod support;

mod everywhere;
mod ours;
mod proxies;
