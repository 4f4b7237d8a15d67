//! A durable task queue on NATS JetStream.
//!
//! A [`Queue`] keeps its tasks on a server, or on several: it outlives the
//! programs that put tasks, the workers that take them and, with a disk under
//! it, the server. A worker that takes a task has a lease of it. When it dies,
//! the lease ends and another worker gets the task.
//!
//! # What is promised
//!
//! - **At least once.** A task whose `put` returned is handed out until some
//!   worker's `done` or `fail` has succeeded, or until it was handed out
//!   `max_deliver` times; then it is a dead letter. It is never simply gone:
//!   *put = done + dead letters + waiting*.
//! - **One outcome.** Of all the workers that may have run a task, because one
//!   of them was slow, or stopped, or cut off, exactly one has its `done` or
//!   `fail` recorded; the others are refused. This rests on the server taking
//!   only one message under the outcome's name, not on clocks. It holds for as
//!   long as outcomes are kept ([`Settings::keep_results`]).
//! - **What a task does to the world is the user's affair.** It may happen twice:
//!   a worker that dies after the effect and before its `done` has done it, and
//!   the next one does it again. Make effects idempotent, by the task's id.
//! - **Ids make puts idempotent**: a put that is repeated with the same id adds
//!   nothing within the window ([`Settings::window`]), nor when the task is done
//!   and its outcome is kept. A task that still waits after the window is
//!   doubled by a second put.
//! - **Order** is that of the puts within one priority, for tasks that are not
//!   retried.
//!
//! What JetStream itself does not promise by default: it acknowledges a message
//! before it is flushed to the disk. A server that is killed loses nothing (the
//! kernel has the bytes); a machine that loses its power may lose what was
//! written in the last moments (`sync_interval`, two minutes by default in
//! current servers, a setting of theirs). With `replicas(3)` it takes two
//! machines at once.
//!
//! # On the wire
//!
//! Four streams: `NAME` (work queue, subjects `queue.NAME.task.PRIORITY`),
//! `NAME-later` (delayed tasks), `NAME-outcomes` (`queue.NAME.outcome.ID`, one
//! message each) and `NAME-dead` (`queue.NAME.dead.ID`). A body is JSON; the
//! headers are `Task-Id`, `Content-Type`, and where they apply `Task-Priority`,
//! `Task-Not-Before`, `Task-Deadline` (milliseconds since 1970),
//! `Task-Time-Limit` (milliseconds), `Task-Status`, `Task-Attempt`,
//! `Task-Reason`, `Task-Lease`. The settings are JSON in the description of the
//! first stream.
//!
//! Works with nats-server 2.9 and later. `tls://HOST` needs the feature `tls`; the
//! certificates that count are the system's, or those in the file that the
//! variable `SSL_CERT_FILE` names.
#![forbid(unsafe_code)]

mod api;
mod core;
mod error;
mod held;
mod lease;
mod link;
mod message;
mod mover;
mod names;
mod outcome;
mod pull;
mod queue;
mod raw;
mod settings;
mod setup;
mod sweep;

pub use error::Error;
pub use message::Body;
pub use outcome::{DeadLetter, Stats};
pub use queue::{Queue, Task};
pub use raw::{RawQueue, RawTask};
pub use settings::{Put, Settings};
