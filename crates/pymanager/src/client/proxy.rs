//! An object in the manager, by its identifier.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Target;
use super::invocation::Invocation;
use super::line::Line;
use super::reply::Returned;
use super::token::{self, Token};
use crate::error::Error;
use inert_pickle::Value;

/// A stand-in for an object of whatever class in a manager, Python or Rust.
///
/// Clones stand for the same object. When the last is dropped, the manager is
/// told that one reference less is held; that takes two seconds at most, and a
/// manager that was found gone is not told.
///
/// ```
/// use pymanager::{AuthKey, Client, Listener, Manager};
///
/// let server = Manager::new(AuthKey::new("abc")).start(Listener::bind("127.0.0.1:0")?)?;
/// let client = Client::connect(server.address(), &AuthKey::new("abc"))?;
/// let list = client.create("list", &[])?;
/// list.call("append", &["a".into()], &[], None)?;
///
/// // A proxy can be put into another object, and be found there.
/// let shelf = client.create("dict", &[])?;
/// shelf.call("__setitem__", &["list".into(), list.to_value()], &[], None)?;
/// let found = shelf.call("__getitem__", &["list".into()], &[], None)?;
/// let same = client.proxy(&found)?;
/// assert_eq!(same.call("__len__", &[], &[], None)?.as_i64(), Some(1));
/// # Ok::<(), pymanager::Error>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    object: Arc<Object>,
}

struct Object {
    target: Arc<Target>,
    token: Token,
    exposed: Vec<String>,
}

impl Proxy {
    pub(crate) fn create(
        target: &Arc<Target>,
        name: &str,
        arguments: &[Value],
    ) -> Result<Self, Error> {
        let mut all = vec![Value::from(name)];
        all.extend_from_slice(arguments);
        let created = target.request("create", &all)?;
        let parts = created.as_sequence().and_then(|parts| {
            let ident = parts.get(0)?.as_str()?.to_string();
            Some((ident, token::names(&parts.get(1)?)?))
        });
        let (ident, exposed) = parts.ok_or_else(|| {
            Error::Protocol("the manager's answer to 'create' is no identifier".to_string())
        })?;
        let token = Token::new(name, target.token_address(), &ident);
        Ok(Self::adopt(target, token, exposed))
    }

    /// The object of a token, with a reference of its own.
    pub(crate) fn refer(
        target: &Arc<Target>,
        token: Token,
        exposed: Option<Vec<String>>,
    ) -> Result<Self, Error> {
        target.request("incref", &[token.ident().into()])?;
        // From here on it is dropped, whatever happens.
        let mut proxy = Self::adopt(target, token, Vec::new());
        let exposed = match exposed {
            Some(exposed) => exposed,
            None => {
                let methods = target.request("get_methods", &[proxy.token().to_value()])?;
                // A set, as CPython's managers send it, or a sequence.
                token::methods(&methods).ok_or_else(|| {
                    Error::Protocol("the manager's answer to 'get_methods' is no list".to_string())
                })?
            }
        };
        if let Some(object) = Arc::get_mut(&mut proxy.object) {
            object.exposed = exposed;
        }
        Ok(proxy)
    }

    /// The object of a token that has a reference for us already.
    fn adopt(target: &Arc<Target>, token: Token, exposed: Vec<String>) -> Self {
        Proxy {
            object: Arc::new(Object {
                target: Arc::clone(target),
                token,
                exposed,
            }),
        }
    }

    /// The methods that the manager lets proxies call.
    pub fn methods(&self) -> &[String] {
        &self.object.exposed
    }

    /// Where the object is and what it is called there.
    pub fn token(&self) -> &Token {
        &self.object.token
    }

    /// The proxy as Python pickles it: to be put into a queue or another object
    /// of the same manager, or sent to another program. It keeps nothing alive
    /// on its way; once it is in an object of the manager, it does.
    pub fn to_value(&self) -> Value {
        self.object.token.to_proxy(&self.object.exposed)
    }

    /// Calls a method. `wait` is how long it may block over there, none is
    /// without end; the answer has [`Patience::answer`](super::Patience) more.
    ///
    /// # Errors
    ///
    /// What the method raises, and those of a broken connection;
    /// [`Error::IsObject`] when the method returns an object, which is let go.
    pub fn call(
        &self,
        method: &str,
        args: &[Value],
        kwargs: &[(&str, Value)],
        wait: Option<Duration>,
    ) -> Result<Value, Error> {
        let returned = self
            .object
            .target
            .call(&self.invocation(method, args, kwargs, wait))?;
        self.value(method, returned)
    }

    /// Calls a method that returns an object, not a value: a dict's `__iter__`,
    /// a pool's `apply_async`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); [`Error::Protocol`] when the method returns a
    /// value.
    pub fn call_for_proxy(
        &self,
        method: &str,
        args: &[Value],
        kwargs: &[(&str, Value)],
        wait: Option<Duration>,
    ) -> Result<Proxy, Error> {
        let invocation = self.invocation(method, args, kwargs, wait);
        match self.object.target.call(&invocation)? {
            Returned::Proxy { exposed, token } => {
                Ok(Self::adopt(&self.object.target, token, exposed))
            }
            Returned::Value(_) => Err(Error::Protocol(format!("'{method}' returns a value"))),
        }
    }

    /// A connection for this object on which nobody else calls.
    pub(crate) fn line(&self) -> Result<Line, Error> {
        Line::new(&self.object.target)
    }

    /// As [`call`](Self::call), on a connection of the caller's.
    pub(crate) fn call_on(
        &self,
        line: &Line,
        method: &str,
        args: &[Value],
        wait: Option<Duration>,
    ) -> Result<Value, Error> {
        let returned = line.call(&self.invocation(method, args, &[], wait))?;
        self.value(method, returned)
    }

    fn invocation<'a>(
        &'a self,
        method: &'a str,
        args: &'a [Value],
        kwargs: &'a [(&'a str, Value)],
        wait: Option<Duration>,
    ) -> Invocation<'a> {
        Invocation {
            ident: Some(self.object.token.ident()),
            method,
            args,
            kwargs,
            wait,
        }
    }

    fn value(&self, method: &str, returned: Returned) -> Result<Value, Error> {
        match returned {
            Returned::Value(value) => Ok(value),
            Returned::Proxy { exposed, token } => {
                // The manager has counted a reference for us.
                drop(Self::adopt(&self.object.target, token, exposed));
                Err(Error::IsObject(method.to_string()))
            }
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.target.say_goodbye(self.token.ident());
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("typeid", &self.object.token.typeid())
            .field("ident", &self.object.token.ident())
            .finish_non_exhaustive()
    }
}
