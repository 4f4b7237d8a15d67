//! Queues for Python's managers that are kept by NATS JetStream.
//!
//! A [`pymanager`] serves queues to programs in Python and in Rust that need not
//! know what is behind them. Behind a [`DurableQueue`] is a
//! [`jetstream_tasks`] queue: it outlives the clients, the manager and the
//! nats-server, and any number of managers may serve it at once.
//!
//! ```no_run
//! // Not run: needs a nats-server.
//! use jetstream_manager::{Acknowledge, Bridge};
//! use jetstream_tasks::Settings;
//! use pymanager::{AuthKey, Listener, Manager};
//!
//! let bridge = Bridge::new("127.0.0.1:4222", Settings::new());
//! let tasks = bridge.open("get_task_queue", Acknowledge::Next)?;
//! let results = bridge.open("get_result_queue", Acknowledge::Read)?;
//! let server = Manager::new(AuthKey::new("abc"))
//!     .register_object("get_task_queue", &tasks)
//!     .register_object("get_result_queue", &results)
//!     .start(Listener::bind("127.0.0.1:5000")?)?;
//! server.wait();
//! bridge.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What becomes of an item that was taken
//!
//! `get` is a lease, which the manager renews for as long as the client's
//! connection lasts. [`Acknowledge`] says what ends it: that the client has read
//! the item, that it goes on to the next, or that it says `task_done()`. A client
//! that dies before gives the item back at once; a manager that dies gives back
//! what its clients had when the lease ends (`ack_wait`). An item that was handed
//! out `max_deliver` times to clients that died of it becomes a dead letter.
//!
//! # What differs from a queue in memory
//!
//! - A proxy dies with the manager that made it, as with CPython's: clients
//!   connect again. Their queues are as they were.
//! - `qsize` and `empty` count what no client of this manager has: an item in the
//!   hands of another manager's client, or of a manager that was killed, counts.
//! - `join` waits until the stream is empty: until what was put is acknowledged.
//! - `OSError` says that the nats-server does not answer. A call goes on trying
//!   for [`Settings::timeout`](jetstream_tasks::Settings::timeout) first.
//! - An item is at most as large as a message of the server (1 MiB as it comes).
//! - A proxy of one of the manager's objects is kept as it came, and the object
//!   is not.
//!
//! # On the wire
//!
//! Items that JSON can express are kept as JSON, so that workers may take them
//! from JetStream without a manager, in any language; all others as pickles
//! (`application/x-python-pickle`, protocol 4), which this crate never executes.
#![forbid(unsafe_code)]

mod body;
mod bridge;
mod held;
mod line;
mod methods;

pub use bridge::{Acknowledge, Bridge, DurableQueue};

/// The program in README.md compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
