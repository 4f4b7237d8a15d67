//! What the helper sees of a worker, in shared memory.

#![expect(
    unsafe_code,
    reason = "shared_struct! implements unsafe traits, and checks each field"
)]

use std::sync::atomic::AtomicU32;

use crate::shared_struct;

shared_struct! {
    /// How far a worker has come.
    pub(crate) struct WorkerState {
        /// [`FORKED`], [`INITIALIZING`] or [`READY`].
        pub(crate) phase: AtomicU32,
        /// Its pid, 0 before it has said so.
        pub(crate) pid: AtomicU32,
        /// Which task of its job it is running.
        pub(crate) progress: AtomicU32,
    }
}

pub(crate) const FORKED: u32 = 0;
pub(crate) const INITIALIZING: u32 = 1;
pub(crate) const READY: u32 = 2;

impl WorkerState {
    /// Of a worker that is just being forked.
    pub(crate) fn new() -> Self {
        WorkerState {
            phase: AtomicU32::new(FORKED),
            pid: AtomicU32::new(0),
            progress: AtomicU32::new(0),
        }
    }
}
