//! Programs that know nothing of JetStream, and queues that are there.
#![allow(clippy::unwrap_used)]
#![forbid(unsafe_code)]

mod items;
mod killed;
mod programs;
mod support;
