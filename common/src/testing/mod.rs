//! Programs under test: a deadline, and nobody left behind.
//!
//! A program runs in a process group of its own, with a mark in its
//! environment that all its descendants inherit. Its output goes to threads
//! that read it, so a full pipe cannot stop it. When it has ended, every
//! process of the group and every process with the mark must end too: one
//! that stays fails the test. When the deadline comes first, all of them are
//! killed and the test fails with what was printed so far.
//!
//! (`assert_cmd`'s own time-out does not hold while a grandchild keeps the
//! output open; what a run leaves is turned into `assert_cmd`'s [`Assert`](assert_cmd::assert::Assert) with
//! [`Finished::assert`], so its predicates serve.)
//!
//! What every recipe owes its callers is one check: [`Manners`]. What the book
//! and the headers of examples show is held against real runs:
//! [`assert_book_tells`], [`assert_headers_tell`]. Examples are called in every
//! wrong way by [`assert_examples_behave`]. Who waits for others has to notice
//! their deaths, [`assert_notices_deaths`], and bear that it gets none,
//! [`assert_takes_refusals`].
//!
//! What can only be tested by forking goes into a test program without threads:
//! [`run_checks`].

mod book;
mod checks;
mod collected;
mod deaths;
mod examples;
mod manners;
mod program;
mod pythons;
mod survivors;
mod text;
mod transcript;
mod until;

/// See [`checks!`](crate::checks).
pub use crate::checks;
pub use book::{assert_book_tells, assert_python_does_the_same, assert_python_tells, transcripts};
pub use checks::{Check, run_checks, run_checks_and_ignored};
pub use deaths::{assert_notices_deaths, assert_takes_refusals};
pub use examples::{assert_examples_behave, assert_headers_tell};
pub use manners::{Manners, assert_ended_by};
pub use program::{Finished, Program, Running, example};
pub use pythons::{Python, named_pythons, pythons};
pub use text::{mask_numbers, numbers};
pub use transcript::Transcript;
pub use until::until;
