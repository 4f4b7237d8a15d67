//! The two programs of this recipe, and what they have in common.

mod interrupt;
mod master;
mod options;
mod worker;

pub(crate) use interrupt::Interrupt;
pub(crate) use master::master;
pub(crate) use options::{Options, Role};
pub(crate) use worker::worker;
