//! Queues shared over the network, on the wire of CPython's
//! `multiprocessing.managers`: a master, its workers and their programming
//! language need not agree on more than a key.
//!
//! | | ours | Python's |
//! | --- | --- | --- |
//! | serve queues under names | [`Manager`], [`Listener`], [`Server`] | `BaseManager.register`, `start` |
//! | use them in the same program | [`SharedQueue`] | the `queue.Queue` itself |
//! | use them from another program | [`Client`], [`RemoteQueue`] | `connect`, `AutoProxy` |
//! | a dict, a list, locks and so on | [`handles`]: [`SharedDict`], [`RemoteDict`] … | `manager.dict()`, `DictProxy` … |
//! | call anything registered | [`Proxy`] | `BaseProxy._callmethod` |
//! | the shared secret | [`AuthKey`] | `authkey` |
//! | items | [`Data`]: serde types, or [`pickle::Value`] | whatever `pickle` takes |
//!
//! ```
//! use std::time::Duration;
//! use pymanager::{AuthKey, Client, Error, Listener, Manager, SharedQueue};
//!
//! let results = SharedQueue::<String>::new();
//! let key = AuthKey::new("abc");
//! let server = Manager::new(key.clone())
//!     .register("get_result_queue", &results)
//!     .start(Listener::bind("127.0.0.1:0")?)?;
//!
//! // In another program, or in one in Python:
//! let client = Client::connect(server.address(), &key)?;
//! let remote = client.queue::<String>("get_result_queue")?;
//! remote.put(&"3 * 3 = 9".to_string())?;
//!
//! assert_eq!(results.get_timeout(Duration::from_secs(10))?, "3 * 3 = 9");
//! # Ok::<(), Error>(())
//! ```
//!
//! From the wire up: `wire` frames messages, [`pickle`] reads and writes what
//! is in them; `object` is what can be served, `queue` the queues; `server` and
//! `client` are the two sides.
//!
//! # What the key does, and what it does not
//!
//! It keeps strangers out of the server. With Python 3.11 and older it is
//! proven by MD5, and whoever has the key can end a manager; neither the
//! messages nor their order are protected once a connection stands.
//!
//! That the *server* proves the key as well tells a client less than it seems:
//! a rogue server to which two clients connect can pass the challenges of one
//! on to the other and hand the answers back, and both take it for the real
//! one. Proofs are not bound to a connection, so the wire cannot mend it: a
//! client must know where it connects to. That is CPython's protocol, made for
//! networks of one's own.
#![forbid(unsafe_code)]

mod client;
mod descriptors;
mod error;
pub mod handles;
pub mod message;
pub use inert_pickle as pickle;
mod object;
mod pool;
mod queue;
mod server;
mod status;
mod sync;
mod types;

mod wire;

pub use client::{Address, Client, ClientBuilder, Patience, Proxy, RemoteQueue, Token};
pub use descriptors::raise_descriptor_limit;
pub use error::Error;
pub use handles::{
    RemoteArray, RemoteBarrier, RemoteCondition, RemoteDict, RemoteEvent, RemoteList, RemoteLock,
    RemoteNamespace, RemoteSemaphore, RemoteValue, SharedArray, SharedBarrier, SharedCondition,
    SharedDict, SharedEvent, SharedList, SharedLock, SharedNamespace, SharedSemaphore, SharedValue,
};
pub use inert_pickle::Data;
pub use multiproc::connection::auth::AuthKey;
pub use object::{Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature};
pub use queue::{QueueKind, SharedQueue};
pub use server::{Limits, Manager, Server, Stopper};
pub use status::{ConnectionStatus, ObjectStatus, Status};
pub use wire::Listener;

/// The program in README.md runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
