//! `Pool`: tasks for Python programs, done by Python programs.
//!
//! The server runs no code. It hands what a client gives a pool to do, as plain
//! data, to *workers*: programs that have connected like any other client, from
//! whatever machine, and have asked the shared object `PoolWorkers` for something
//! to do. `docs/python/pool_worker.py` is one. All pools of a
//! manager share its workers; `Pool(n)` has at most n tasks done at a time.
//!
//! | a worker calls | and gets |
//! | --- | --- |
//! | `enter(name)` | `None`; from now on its connection is a worker |
//! | `next()` | a task, as soon as there is one |
//! | `next(ok, value)` | the same; the last one has come to this: a list of results, or an exception |
//! | `finish(ok, value)` | `None`: the last one has come to this, and no other is wanted |
//! | `died(how)` | `None`; whoever looks after it says what it died of |
//!
//! A task is `(mode, function, items, initializer, last)`. The mode is `map`,
//! `starmap` or `apply`, whose items are `args` and `kwds`; other items are a
//! list, or a range where the map is over one; the initializer is
//! `None` or `(function, args)`, to be called first; after the `last` task the
//! worker makes room for a new process.
//!
//! When a worker ends in the middle of a task, for whatever reason, that task
//! fails, or another worker does it once more where
//! [`Limits::pool_retries`](crate::Limits::pool_retries) allows that.
//!
//! Above: `pool` and `result` are what clients call, `worker` what workers do.
//! `board` is where they meet; a `job` is what one call asked for, its `source`
//! what it is about.

mod board;
mod callback;
mod errand;
mod job;
#[expect(clippy::module_inception, reason = "the class is called so")]
mod pool;
mod result;
mod source;
mod worker;

pub(crate) use board::Board;
pub(crate) use errand::Errand;
pub(crate) use pool::{new_pool, parameters};
pub(crate) use worker::Workers;
