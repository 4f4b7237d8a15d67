//! What two recipes or more need, one module a concept.
//!
//! | module | what it gives | Python's name for it |
//! | --- | --- | --- |
//! | [`process`] | fork a closure into a child, join it, end it | `multiprocessing.Process` |
//! | [`shared`] | memory, a lock and a wait word that forked processes share | `multiprocessing.Value`, `Lock` |
//! | [`queue`] | queues between processes and between threads, one face | `multiprocessing.JoinableQueue`, `queue.Queue` |
//! | [`connection`] | messages over a pipe or a socket, `wait` over many | `multiprocessing.connection` |
//! | [`thread`] | threads with names | `threading.Thread` |
//! | [`say`](mod@say) | whole lines on standard output | `print(..., flush=True)` |
//! | [`nap`] | random pauses that a seed repeats | `time.sleep(random.random())` |
//! | [`program`] | options in, exit status out, errors in one line | |
//! | [`deadline`] | until when a call may block | `timeout=` |
//! | [`measure`] (feature `testing`) | candidates timed side by side | |
//! | [`testing`] (feature `testing`) | programs run under a deadline, nobody left behind | |

pub mod connection;
pub mod deadline;
#[cfg(feature = "testing")]
pub mod measure;
pub mod nap;
pub mod process;
pub mod program;
pub mod queue;
pub mod say;
pub mod shared;
#[cfg(feature = "testing")]
pub mod testing;
pub mod thread;
