//! The queues that a manager serves: `queue.Queue` and its kin.

mod core;
mod items;
mod methods;
mod shared;
mod sorted;

pub(crate) use core::Refused;
pub(crate) use methods::{make, number, parameters};
pub(crate) use shared::QueueObject;
pub use shared::{QueueKind, SharedQueue};
