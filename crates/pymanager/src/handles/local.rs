//! An object of this program's own, used as its clients use it, through its table
//! of methods, but without a connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::sealed;
use crate::client::error_of;
use crate::error::Error;
use crate::message::Request;
use crate::object::{
    Answer, Call, Caller, Exception, Hold, KnowsShutDown, Memory, Resolve, Served,
};
use crate::queue::QueueObject;
use crate::status::SERVING_PROGRAM;
use inert_pickle::{Kind, Value};

/// An object in this program that a manager can serve.
#[derive(Clone)]
pub struct Local {
    served: Served,
    /// The memory that its data take; part of the manager's once it is served.
    memory: Arc<Memory>,
}

/// What a manager serves that this program has handles on.
pub trait Share {
    #[doc(hidden)]
    fn served(&self) -> Served;

    #[doc(hidden)]
    fn accounts(&self) -> Accounts;
}

/// Where the memory of a shared object is counted.
#[doc(hidden)]
#[derive(Debug)]
pub struct Accounts(pub(crate) Account);

#[derive(Debug)]
pub(crate) enum Account {
    Queue(Arc<QueueObject>),
    Object(Arc<Memory>),
}

/// Owners of locks in this program, as if they were connections.
static OWNERS: AtomicU64 = AtomicU64::new(SERVING_PROGRAM);

/// What this program stores are plain values, not proxies of its own objects.
struct NoProxies;

impl Resolve for NoProxies {
    fn hold(&self, _: &str) -> Option<(Served, Hold)> {
        None
    }
}

impl Local {
    /// Makes an object as a client's call of its class does. None of the
    /// arguments may be refused by it.
    pub(super) fn new(
        make: impl FnOnce(&mut Call<'_>) -> Result<Served, Exception>,
        args: impl IntoIterator<Item = Value>,
    ) -> Result<Self, Error> {
        let memory = Memory::of_one_object();
        let caller = Caller::here();
        let mut call = Call::new(&caller, &NoProxies, &memory, false);
        call.bind_values(args.into_iter().map(Some).collect());
        let served = make(&mut call).map_err(|exception| told(&exception))?;
        Ok(Local { served, memory })
    }

    pub(super) fn served(&self) -> Served {
        self.served.clone()
    }

    pub(super) fn accounts(&self) -> Accounts {
        Accounts(Account::Object(Arc::clone(&self.memory)))
    }

    fn call_for(&self, caller: u64, method: &str, args: &[Value]) -> Result<Value, Error> {
        let caller = Caller::connection(caller);
        let call = Call::new(&caller, &NoProxies, &self.memory, false);
        let (args, kwargs) = (Value::tuple(args), Value::dict([]));
        let (Kind::Tuple(args), Kind::Dict(kwargs)) = (args.kind(), kwargs.kind()) else {
            return Err(Error::Protocol("arguments are a tuple".to_string()));
        };
        let request = Request {
            ident: None,
            method,
            args,
            kwargs,
        };
        match self.served.call(&request, call) {
            Some(Ok(Answer::Value(value))) => Ok(crate::client::without_view(value)),
            // Within one program, the answer always arrives.
            Some(Ok(Answer::Lent(lent))) => Ok(crate::client::without_view(lent.stored.value)),
            Some(Ok(Answer::Proxy(..))) => Err(Error::IsObject(method.to_string())),
            Some(Ok(Answer::Nobody)) => Err(Error::Disconnected),
            Some(Err(exception)) => Err(told(&exception)),
            None => Err(Error::Refused(format!("no method '{method}'"))),
        }
    }
}

/// An exception, as a client would be told of it.
fn told(exception: &Exception) -> Error {
    error_of(&exception.to_value(KnowsShutDown::Yes))
}

impl sealed::Handle for Local {
    type Owner = u64;

    fn owner(&self) -> Result<u64, Error> {
        Ok(OWNERS.fetch_add(1, Ordering::Relaxed))
    }

    fn call(&self, method: &str, args: &[Value], _: Option<Duration>) -> Result<Value, Error> {
        self.call_for(0, method, args)
    }

    fn call_as(
        &self,
        owner: &u64,
        method: &str,
        args: &[Value],
        _: Option<Duration>,
    ) -> Result<Value, Error> {
        self.call_for(*owner, method, args)
    }

    fn lose(_: &u64) {
        // A release in the same program fails only where nothing is owned.
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.served.fmt(f)
    }
}
