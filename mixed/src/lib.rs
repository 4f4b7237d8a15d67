//! What the recipe `mixed` stands on: [a server](server) after Apache's worker
//! model, several processes with several threads in each.
#![forbid(unsafe_code)]

pub mod client;
pub mod options;
pub mod server;
