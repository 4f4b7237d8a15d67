//! Keeping cores busy, and measuring how busy they are.
//!
//! [`threads`], [`processes`] and [`python`] run the same loop, each in its way;
//! [`live`] shows the CPU use meanwhile; [`cores`] knows what this process may
//! use.
#![forbid(unsafe_code)]

pub mod cores;
pub mod live;
pub mod processes;
pub mod python;
mod summary;
pub mod threads;

pub use cores::Cores;
pub use live::Live;
pub use summary::Summary;
