//! Queues shared over the network on the wire of CPython's `multiprocessing.managers`.
#![forbid(unsafe_code)]

pub mod pickle;
