//! What the recipe `coroutine` stands on: [an event loop of our own](event_loop),
//! small enough to be read in one sitting, its options, and helpers of its
//! examples.
#![forbid(unsafe_code)]

pub mod event_loop;
pub mod figures;
pub mod options;
