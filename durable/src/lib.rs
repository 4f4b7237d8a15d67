//! A nats-server for the recipe and its examples, which ends with them.
#![forbid(unsafe_code)]

mod cluster;
mod server;

pub use cluster::cluster;
pub use server::Server;
