//! Programs under test, with a deadline, and no process left behind.
//!
//! A program runs in a process group of its own, with a mark in its environment
//! that all its descendants inherit. Threads read its output, so a full pipe
//! cannot stop it. When it has ended, every process of the group and every
//! process with the mark must end too, or the test fails. If the deadline comes
//! first, all of them are killed and the test fails with what was printed so far.
//!
//! (`assert_cmd`'s own time-out has no effect while a grandchild keeps the output
//! open. [`Finished::assert`] turns the result of a run into `assert_cmd`'s
//! [`Assert`](assert_cmd::assert::Assert), for its predicates.)
//!
//! - [`Manners`] checks how a recipe treats its caller.
//! - [`assert_book_tells`] and [`assert_headers_tell`] compare what the book and
//!   the headers of examples show with real runs.
//! - [`assert_examples_behave`] calls examples in every wrong way.
//! - [`at_once`] has several runs go on together, since most of them nap.
//! - [`assert_notices_deaths`] kills processes that others wait for;
//!   [`assert_takes_refusals`] has the system refuse threads and processes.
//! - [`recordings`] reads messages that were recorded.
//! - [`run_checks`] runs what can only be tested by forking, in a test program
//!   without threads.

mod at_once;
mod book;
mod checks;
mod collected;
mod deaths;
mod examples;
mod manners;
mod port;
mod program;
mod pythons;
mod recordings;
mod survivors;
mod text;
mod transcript;
mod until;

/// See [`checks!`](crate::checks).
pub use crate::checks;
pub use at_once::at_once;
pub use book::{assert_book_tells, assert_python_does_the_same, assert_python_tells, transcripts};
pub use checks::{Check, run_checks, run_checks_and_ignored};
pub use deaths::{assert_notices_deaths, assert_takes_refusals};
pub use examples::{assert_examples_behave, assert_headers_tell};
pub use manners::{Manners, assert_ended_by};
pub use port::Port;
pub use program::{Finished, Program, Running, example};
pub use pythons::{Python, named_pythons, pythons};
pub use recordings::{Recorded, bytes_of_hex, recordings};
pub use text::{mask_numbers, numbers};
pub use transcript::Transcript;
pub use until::until;
