//! Typed handles on the objects that a manager serves: a dict, a list, a lock.
//!
//! Each comes in two forms with one list of methods. `Remote…` is in another
//! program's manager, Python's or ours, and its calls go over the network.
//! `Shared…` is in this program, which serves it with
//! [`Manager::register`](crate::Manager::register) and uses it as well.
//!
//! ```
//! use pymanager::{AuthKey, Client, Listener, Manager, RemoteDict, SharedDict};
//!
//! let scores = SharedDict::<String, i64>::new();
//! let key = AuthKey::new("abc");
//! let server = Manager::new(key.clone())
//!     .register("scores", &scores)
//!     .start(Listener::bind("127.0.0.1:0")?)?;
//!
//! // In another program. In Python: m.scores()['alice'] = 3
//! let client = Client::connect(server.address(), &key)?;
//! let remote: RemoteDict<String, i64> = client.remote("scores", &[])?;
//! remote.insert("alice", &3)?;
//!
//! assert_eq!(scores.get("alice")?, Some(3));
//! # Ok::<(), pymanager::Error>(())
//! ```

mod array;
mod barrier;
mod condition;
mod dict;
mod event;
mod list;
mod local;
mod lock;
mod namespace;
mod semaphore;
mod value;

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::client::{Line, Proxy, seconds};
use crate::error::Error;
use inert_pickle::{Data, Value};

pub use array::{Array, RemoteArray, SharedArray};
pub use barrier::{Barrier, RemoteBarrier, SharedBarrier};
pub use condition::{Condition, ConditionGuard, RemoteCondition, SharedCondition};
pub use dict::{Dict, RemoteDict, SharedDict};
pub use event::{Event, RemoteEvent, SharedEvent};
pub use list::{List, RemoteList, SharedList};
pub(crate) use local::Account;
pub use local::{Accounts, Local, Share};
pub use lock::{Lock, LockGuard, RemoteLock, SharedLock};
pub use namespace::{Namespace, RemoteNamespace, SharedNamespace};
pub use semaphore::{Permit, RemoteSemaphore, Semaphore, SharedSemaphore};
pub use value::{Cell, RemoteValue, SharedValue};

/// Where an object is: behind a [`Proxy`], or in this program, [`Local`].
pub trait Handle: sealed::Handle {}

impl Handle for Proxy {}
impl Handle for Local {}

mod sealed {
    use super::*;

    pub trait Handle: Clone + fmt::Debug {
        /// Somebody who can own a lock.
        type Owner: Clone + fmt::Debug;

        fn owner(&self) -> Result<Self::Owner, Error>;

        /// `wait` is how long the method may block; `None` means for ever.
        fn call(
            &self,
            method: &str,
            args: &[Value],
            wait: Option<Duration>,
        ) -> Result<Value, Error>;

        fn call_as(
            &self,
            owner: &Self::Owner,
            method: &str,
            args: &[Value],
            wait: Option<Duration>,
        ) -> Result<Value, Error>;

        /// From here on, this owner is nobody, even if it still owned something.
        fn lose(owner: &Self::Owner);
    }
}

impl sealed::Handle for Proxy {
    /// To a manager, a connection is who owns a lock.
    type Owner = Line;

    fn owner(&self) -> Result<Line, Error> {
        self.line()
    }

    fn call(&self, method: &str, args: &[Value], wait: Option<Duration>) -> Result<Value, Error> {
        Proxy::call(self, method, args, &[], wait)
    }

    fn call_as(
        &self,
        line: &Line,
        method: &str,
        args: &[Value],
        wait: Option<Duration>,
    ) -> Result<Value, Error> {
        self.call_on(line, method, args, wait)
    }

    fn lose(line: &Line) {
        line.cut();
    }
}

/// The types that a handle takes and gives, but does not hold.
type Types<T> = PhantomData<fn(T) -> T>;

/// The calls that do not wait.
trait Quick: sealed::Handle {
    fn ask(&self, method: &str, args: &[Value]) -> Result<Value, Error> {
        self.call(method, args, Some(Duration::ZERO))
    }

    fn tell(&self, method: &str, args: &[Value]) -> Result<(), Error> {
        self.ask(method, args).map(drop)
    }

    /// What `__len__` says.
    fn count(&self) -> Result<usize, Error> {
        number(&self.ask("__len__", &[])?)
    }
}

impl<H: sealed::Handle> Quick for H {}

fn number(value: &Value) -> Result<usize, Error> {
    let number = value
        .as_i64()
        .and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| Error::Protocol(format!("no number: {}", value.repr(60))))
}

/// What is there, or `None` if Python raises `class`.
fn unless<T: Data>(class: &str, outcome: Result<Value, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(T::from_value(value)?)),
        Err(Error::Raised { class: raised, .. }) if raised == class => Ok(None),
        Err(error) => Err(error),
    }
}

/// The items of a list or tuple.
fn items<T: Data>(value: &Value) -> Result<Vec<T>, Error> {
    let items = value
        .as_sequence()
        .ok_or_else(|| Error::Protocol(format!("no list: {}", value.repr(60))))?;
    items.map(|item| Ok(T::from_value(item)?)).collect()
}

/// `[:]`
fn everything() -> Value {
    let none = Value::none();
    Value::call(
        &Value::global("builtins", "slice"),
        &[none.clone(), none.clone(), none],
    )
}

/// An index or a position as Python takes it.
fn index(index: usize) -> Value {
    i64::try_from(index).unwrap_or(i64::MAX).into()
}

/// The arguments of `acquire`: none to wait for ever, or how long to wait. (Python's
/// locks do not take `None`.)
fn patience(timeout: Option<Duration>) -> Vec<Value> {
    match (timeout, seconds(timeout)) {
        (Some(Duration::ZERO), _) => vec![false.into()],
        (_, forever) if forever.is_none() => Vec::new(),
        (_, seconds) => vec![true.into(), seconds],
    }
}

/// What every handle has: it is made from a proxy (or a [`Local`]), and gives
/// it back. A macro, because no function can implement a trait ten times.
macro_rules! handle {
    ($name:ident$(<$($item:ident),*>)?, $remote:ident, $shared:ident) => {
        #[doc = concat!("A [`", stringify!($name), "`] in another program's manager.")]
        pub type $remote$(<$($item = inert_pickle::Value),*>)? = $name<$crate::client::Proxy $($(, $item)*)?>;

        #[doc = concat!("A [`", stringify!($name), "`] of this program's own, to be served.")]
        pub type $shared$(<$($item = inert_pickle::Value),*>)? = $name<$crate::handles::Local $($(, $item)*)?>;

        impl<H: $crate::handles::Handle $($(, $item)*)?> From<H> for $name<H $($(, $item)*)?> {
            fn from(handle: H) -> Self {
                $name { handle, types: std::marker::PhantomData }
            }
        }

        impl<H: $crate::handles::Handle $($(, $item)*)?> $name<H $($(, $item)*)?> {
            /// What it is a handle on: the proxy, for what is not among these
            /// methods.
            pub fn handle(&self) -> &H {
                &self.handle
            }
        }

        impl<H: $crate::handles::Handle $($(, $item)*)?> Clone for $name<H $($(, $item)*)?> {
            fn clone(&self) -> Self {
                Self::from(self.handle.clone())
            }
        }

        impl<H: $crate::handles::Handle $($(, $item)*)?> std::fmt::Debug for $name<H $($(, $item)*)?> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.handle).finish()
            }
        }

        impl$(<$($item),*>)? $crate::handles::Share for $name<$crate::handles::Local $($(, $item)*)?> {
            fn served(&self) -> $crate::object::Served {
                self.handle.served()
            }

            fn accounts(&self) -> $crate::handles::Accounts {
                self.handle.accounts()
            }
        }
    };
}
use handle;
