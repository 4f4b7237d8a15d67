//! Processes, queues, pipes, pools, external programs and named threads:
//! Python's `multiprocessing`, `subprocess` and `threading` for Rust programs
//! on Linux, without their hangs.
//!
//! | module | what it gives | Python's name for it |
//! | --- | --- | --- |
//! | [`process`] | fork a closure into a child, join it, end it | `multiprocessing.Process` |
//! | [`shared`] | memory, large arrays, a lock and a wait word that forked processes share | `multiprocessing.Value`, `Array`, `Lock` |
//! | [`queue`] | queues between processes and between threads, one face | `multiprocessing.JoinableQueue`, `queue.Queue` |
//! | [`connection`] | messages over a pipe or a socket, `wait` over many | `multiprocessing.connection` |
//! | [`pool`] | worker processes that outlive a killed worker | `multiprocessing.Pool` |
//! | [`subprocess`] | other programs: input, output, exit status, time-outs | `subprocess` |
//! | [`thread`] | threads with names | `threading.Thread` |
//! | [`codec`] | how what is sent becomes bytes | `pickle` |
//! | [`deadline`] | until when a call may block | `timeout=` |
//! | `aio` (feature `tokio`) | all of it beside an event loop | `loop.run_in_executor` |

// System calls go through rustix. nix is for signals (masks, names, signalfd(2)) and
// for the pool's helper, which lives by them and by a waitid(2) that tells which child
// has ended: rustix has neither. libc is for what neither crate has: robust mutexes,
// fork and exit handlers, and signals to the owner of a descriptor.

#[cfg(feature = "tokio")]
pub mod aio;
pub mod codec;
pub mod connection;
mod copy;
pub mod deadline;
mod error_text;
pub mod pool;
pub mod process;
pub mod queue;
mod room;
pub mod shared;
pub mod subprocess;
pub mod thread;

/// The README's program runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
