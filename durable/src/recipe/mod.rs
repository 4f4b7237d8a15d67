//! The programs of this recipe, and what they have in common.

mod master;
mod options;
mod worker;

pub(crate) use master::{master, status};
pub(crate) use options::{Options, Role};
pub(crate) use worker::worker;
