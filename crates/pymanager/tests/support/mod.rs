//! What the tests of this library share.

#![allow(
    dead_code,
    unused_imports,
    reason = "not every test program uses all of it"
)]

mod master;

use common::testing::{Program, example};

pub(crate) use common::testing::{named_pythons, until};
pub(crate) use master::{Master, key};

/// Where `tests/python` is.
pub(crate) const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The example that serves all classes, in a program of its own.
pub(crate) fn serve() -> Program {
    Program::new(example("serve")).arg("127.0.0.1:0")
}
