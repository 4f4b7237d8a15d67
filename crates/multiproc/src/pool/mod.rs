//! A pool of worker processes: `multiprocessing.Pool`, without its hangs.
//!
//! ```no_run
//! // (not run: a doc test is a process with several threads, which a pool
//! // refuses to fork)
//! use multiproc::pool::Pool;
//!
//! let pool = Pool::new(4, |n: u64| n * n)?;
//! let squares = pool.map(0..10, None)?;
//! pool.close().join()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The processes and what goes between them:
//!
//! ```text
//!  this program                 helper                workers
//!  ------------                 ------                -------
//!  apply_async --- task queue, shared memory -----> take, run the task
//!  collector  <--- reply queue, shared memory ----- put its result
//!       ^                          |  forks, waits for  |
//!       +----- "worker died" ------+<---- their end ----+
//! ```
//!
//! - The **helper** is forked when the pool is made, while the program has one
//!   thread. It stays single-threaded and small, so it can fork a new worker
//!   at any time, whatever threads the program starts later.
//! - A **worker** claims a task and takes it out of the queue in one step. When
//!   it dies, by whatever cause, the helper reads the claim and says which task
//!   died with it: that task's result is [`TaskError::WorkerDied`], a new
//!   worker takes the place, and every other task goes on.
//! - The **collector**, a thread of the program that starts with the first
//!   task, hands out results. Callbacks run on a second thread, so a callback
//!   may block, or add tasks.
//!
//! When the program dies, the kernel kills the helper, and with it the workers.
//!
//! `close` consumes the pool, so nothing can be added after it:
//!
//! ```compile_fail,E0382
//! # fn f(pool: multiproc::pool::Pool<u32, u32>) -> Result<(), Box<dyn std::error::Error>> {
//! let closed = pool.close();
//! pool.apply_async(7); // error: borrow of moved value
//! # closed.join()?; Ok(()) }
//! ```
//!
//! And only what was closed can be joined:
//!
//! ```compile_fail,E0599
//! # fn f(pool: multiproc::pool::Pool<u32, u32>) -> Result<(), Box<dyn std::error::Error>> {
//! pool.join()?; // error: no method named `join`
//! # Ok(()) }
//! ```

mod async_result;
mod builder;
mod collector;
mod error;
mod handle;
mod helper;
mod map;
mod message;
mod table;
mod worker;

pub use async_result::AsyncResult;
pub use builder::Builder;
pub use error::{PoolError, StartError, TaskError};
pub use handle::{Closed, Pool, Task, Terminator};
pub use map::{Imap, ImapUnordered, MapResult};
