//! Keeping cores busy, and measuring how busy they are.
//!
//! [`be_busy`] is the loop that threads and [`processes`] run, and [`python`]
//! in its own language; [`live`] shows the CPU use meanwhile; [`Meter`] adds it
//! up; [`cores`] knows what this process may use.
#![forbid(unsafe_code)]

pub mod cores;
mod error;
pub mod live;
mod meter;
pub mod processes;
pub mod python;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

pub use cores::Cores;
pub use error::Error;
pub use live::Live;
pub use meter::{Meter, Summary};

// ANCHOR: be_busy
/// The notes' loop, `x = x ^ 1`, until `stop`.
pub fn be_busy(stop: &AtomicBool) {
    let mut x = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..10_000 {
            x = black_box(x ^ 1);
        }
    }
}
// ANCHOR_END: be_busy
