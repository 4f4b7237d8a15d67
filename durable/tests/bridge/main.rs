//! Programs that know nothing of JetStream, and queues that are there.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod items;
mod killed;
mod programs;
mod support;
