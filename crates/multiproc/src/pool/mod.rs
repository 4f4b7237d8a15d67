//! A pool of worker processes: `multiprocessing.Pool`, without its hangs.
//!
//! ```
//! use multiproc::pool::Pool;
//!
//! let pool = Pool::new(4, |n: u64| n * n)?;
//! assert_eq!(pool.map(0..4, None)?, [0, 1, 4, 9]);
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
//!  collector  <-- report queue, shared memory ----- put its result
//!       ^                          |  forks, waits for  |
//!       +----- "worker died" ------+<---- their end ----+
//! ```
//!
//! - The **helper** is forked when the pool is made, while the program has one
//!   thread. It stays single-threaded and small, so it can fork a new worker
//!   at any time, whatever threads the program starts later.
//! - A **worker** claims a task and takes it out of the queue in one step. When
//!   it dies, whatever the cause, the helper reads the claim and reports which
//!   task died with it: that task's result is [`TaskError::WorkerDied`], a new
//!   worker takes over the slot, and every other task goes on.
//! - The **collector**, a thread of the program that starts with the first
//!   task, hands out results. Callbacks run on a second thread, so a callback
//!   may block, or add tasks.
//!
//! # Who is ended, and when
//!
//! Nobody outlives the pool by accident:
//!
//! - **The pool is dropped or terminated**: the helper sends the workers
//!   `SIGTERM`, and `SIGKILL` a second later. Then it kills the processes that
//!   their tasks started and left behind (with `Command`, say), and those
//!   processes' descendants: it is their "subreaper" (prctl(2)).
//! - **The program dies**, even by `kill -9`: the helper notices, and does the
//!   same without `SIGTERM`. It does so even if the program or a task has
//!   changed its credentials, which cancels the kernel's own signal
//!   (`PR_SET_PDEATHSIG`).
//! - **A worker dies**: what its task had started goes on until the pool ends.
//! - **The helper is killed**: the kernel kills the workers. A worker whose task
//!   has changed its credentials ends after that task. Nobody looks after the
//!   processes that tasks have started then, and they may stay.
//! - **The pool is closed and joined**: workers end when all tasks are done. What
//!   tasks started and did not wait for goes on, as after any program.
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

mod builder;
mod caught;
mod chunks;
mod descendants;
mod error;
mod handle;
mod helper;
mod imap;
mod inner;
mod map;
mod message;
mod result;
mod starts;
mod state;
mod threads;
mod worker;

pub use builder::PoolBuilder;
pub use error::{PoolError, StartError, TaskError};
pub use handle::{Closed, Pool, Task, Terminator};
pub use imap::{Imap, ImapUnordered};
pub use map::MapResult;
pub use result::AsyncResult;
