//! What a manager serves: an object of a class, and the class is a table of
//! methods.

mod call;
mod caller;
mod exception;
mod signature;
mod store;
mod wait_list;

use std::fmt;
use std::sync::Arc;

pub use call::Call;
pub(crate) use call::{Resolve, exact, ident_of_token, seconds};
pub(crate) use caller::{Caller, HangUp, Wait};
pub use exception::Exception;
pub(crate) use exception::{Era, KnowsShutDown};
pub use signature::Signature;
pub(crate) use signature::bind;
pub(crate) use store::{Hold, Memory, Stored};
pub(crate) use wait_list::{Ticket, WaitList};

use crate::message::Request;
use crate::status::ObjectStatus;
use inert_pickle::{Data, Value};

/// What a method of a served object gives back.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// The method returned this.
    Value(Value),
    /// The method returned something that was taken out of the object, and
    /// that goes back if it does not reach the client.
    Lent(Lent),
    /// The method returned a new object: the client gets a proxy for it, of
    /// the class that it knows by this name.
    Proxy(&'static str, Served),
    /// The client has gone while the method waited on its behalf: nobody is
    /// to be told anything.
    Nobody,
}

impl<T: Into<Value>> From<T> for Answer {
    fn from(value: T) -> Self {
        Answer::Value(value.into())
    }
}

impl Answer {
    /// Any data in Python's terms: a `Vec` is a list, a struct a dict.
    ///
    /// # Errors
    ///
    /// A `TypeError` when Python has no such thing.
    pub fn data<T: Data>(data: &T) -> Result<Self, Exception> {
        let value = data.to_value();
        let value = value.map_err(|error| Exception::type_error(error.to_string()))?;
        Ok(Answer::Value(value))
    }

    /// Python's `None`.
    pub fn none() -> Self {
        Answer::Value(Value::none())
    }

    /// Something that was taken out of the object. `settle` is called once it is
    /// known whether the client got it, on the connection's thread: with `true`
    /// when the client asks for something else or says good-bye, with `false`
    /// when it is gone and has not read it.
    pub fn lent(value: Value, settle: impl FnOnce(bool) + Send + 'static) -> Self {
        let mut settle = Settle(Some(Box::new(settle)));
        Answer::Lent(Lent {
            stored: Stored::plain(value),
            put_back: Box::new(move |_| settle.now(false)),
        })
    }
}

/// A lent item that is dropped, and was not given back, has arrived.
struct Settle(Option<Box<dyn FnOnce(bool) + Send>>);

impl Settle {
    fn now(&mut self, arrived: bool) {
        if let Some(settle) = self.0.take() {
            settle(arrived);
        }
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        // A panic says nothing about its arrival.
        self.now(!std::thread::panicking());
    }
}

/// Something on its way to a client, and how it goes back.
pub struct Lent {
    pub(crate) stored: Stored,
    pub(crate) put_back: Box<dyn FnOnce(Stored) + Send>,
}

impl Lent {
    pub(crate) fn return_it(self) {
        (self.put_back)(self.stored);
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(&self.stored.value).finish()
    }
}

/// What a call of a method comes to: an answer, or the exception that it
/// raises.
pub type Outcome = Result<Answer, Exception>;

/// A Rust value that Python programs can call through a proxy.
///
/// ```
/// use std::sync::atomic::{AtomicI64, Ordering};
/// use pymanager::{Answer, Class, Method, Object, Signature};
///
/// #[derive(Default)]
/// struct Counter(AtomicI64);
///
/// static COUNTER: Class<Counter> = Class::new("counters.Counter", &[
///     Method::new("add", Signature::named(&["n"], 0), |counter, call| {
///         let n = call.argument::<Option<i64>>(0)?.unwrap_or(1);
///         Ok(Answer::from(counter.0.fetch_add(n, Ordering::SeqCst) + n))
///     }),
/// ]);
///
/// impl Object for Counter {
///     fn class(&self) -> &'static Class<Self> {
///         &COUNTER
///     }
/// }
/// # let _ = Counter::default().class();
/// ```
///
/// Many connections call it at the same time, each in a thread of its own:
/// hence `Sync`, and nothing whose length a client decides should run under a
/// lock that others need.
pub trait Object: Sized + Send + Sync + 'static {
    /// Its class: the methods that a proxy may call.
    fn class(&self) -> &'static Class<Self>;

    /// Python's `repr`; `address` stands for the one in memory.
    fn repr(&self, address: &str) -> String {
        format!("<{} object at 0x{address}>", self.class().name)
    }

    /// The object itself as data, for `copy.deepcopy(proxy)`; or what Python's
    /// `pickle` says of an object that cannot be copied.
    ///
    /// # Errors
    ///
    /// The text of that `TypeError`.
    fn copy(&self) -> Result<Value, String> {
        let name = self.class().name;
        let name = name.rsplit('.').next().unwrap_or(name);
        Err(format!("TypeError: cannot pickle '{name}' object"))
    }

    /// Says of itself what [`Status`](crate::Status) has a place for: its
    /// length, who holds it. Not what is in it.
    fn describe(&self, _told: &mut ObjectStatus) {}

    /// A connection has ended that called this object: what it held is free.
    /// Numbers of connections are never used again.
    fn connection_ended(&self, _connection: u64) {}
}

/// A class of served objects: its name in Python and its methods.
#[derive(Debug)]
pub struct Class<T: 'static> {
    name: &'static str,
    methods: &'static [Method<T>],
    unlisted: &'static [Method<T>],
}

impl<T> Class<T> {
    /// The class that Python calls `name`, its module included.
    pub const fn new(name: &'static str, methods: &'static [Method<T>]) -> Self {
        Class {
            name,
            methods,
            unlisted: &[],
        }
    }

    /// Methods that are answered, and not among those that proxies get.
    pub const fn with_unlisted(mut self, methods: &'static [Method<T>]) -> Self {
        self.unlisted = methods;
        self
    }

    /// Python's name of it, with its module.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn find(&self, name: &str) -> Option<&'static Method<T>> {
        let all = self.methods.iter().chain(self.unlisted);
        all.into_iter().find(|method| method.name == name)
    }
}

/// A method: one row of a [`Class`]'s table.
pub struct Method<T: 'static> {
    name: &'static str,
    signature: Signature,
    call: fn(&T, &mut Call<'_>) -> Outcome,
}

impl<T> Method<T> {
    /// A method by its name, its parameters and what it does.
    pub const fn new(
        name: &'static str,
        signature: Signature,
        call: fn(&T, &mut Call<'_>) -> Outcome,
    ) -> Self {
        Method {
            name,
            signature,
            call,
        }
    }
}

impl<T> fmt::Debug for Method<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Method").field(&self.name).finish()
    }
}

/// An object of whatever class, shared by the server and whoever else has it.
#[derive(Clone)]
pub struct Served(Arc<dyn AnyObject>);

impl Served {
    /// A new object to be served.
    pub fn new<T: Object>(object: T) -> Self {
        Served(Arc::new(object))
    }

    /// The object, to be served and kept.
    pub fn shared<T: Object>(object: &Arc<T>) -> Self {
        Served(Arc::clone(object) as Arc<dyn AnyObject>)
    }

    pub(crate) fn class(&self) -> &'static str {
        self.0.class_name()
    }

    pub(crate) fn exposed(&self) -> Vec<&'static str> {
        self.0.exposed()
    }

    pub(crate) fn repr(&self, address: &str) -> String {
        self.0.repr_at(address)
    }

    pub(crate) fn copy(&self) -> Result<Value, String> {
        self.0.copied()
    }

    pub(crate) fn connection_ended(&self, connection: u64) {
        self.0.ended(connection);
    }

    pub(crate) fn describe(&self, told: &mut ObjectStatus) {
        self.0.described(told);
    }

    /// Calls a method; none when there is no such method to be called.
    pub(crate) fn call(&self, request: &Request<'_>, call: Call<'_>) -> Option<Outcome> {
        Arc::clone(&self.0).call_by_name(request, call)
    }

    /// The object as one of class `T`, if it is one.
    pub(crate) fn downcast<T: Object>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.0).into_any().downcast().ok()
    }

    /// Whether both are the same object.
    pub(crate) fn is(&self, other: &Served) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Served").field(&self.class()).finish()
    }
}

/// An [`Object`] whose type is not known.
trait AnyObject: Send + Sync {
    fn class_name(&self) -> &'static str;
    fn exposed(&self) -> Vec<&'static str>;
    fn repr_at(&self, address: &str) -> String;
    fn copied(&self) -> Result<Value, String>;
    fn ended(&self, connection: u64);
    fn described(&self, told: &mut ObjectStatus);
    fn call_by_name(self: Arc<Self>, request: &Request<'_>, call: Call<'_>) -> Option<Outcome>;
    fn into_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync>;
}

impl<T: Object> AnyObject for T {
    fn class_name(&self) -> &'static str {
        self.class().name
    }

    fn exposed(&self) -> Vec<&'static str> {
        let methods = self.class().methods.iter();
        methods.map(|method| method.name).collect()
    }

    fn repr_at(&self, address: &str) -> String {
        self.repr(address)
    }

    fn copied(&self) -> Result<Value, String> {
        self.copy()
    }

    fn ended(&self, connection: u64) {
        self.connection_ended(connection);
    }

    fn described(&self, told: &mut ObjectStatus) {
        self.describe(told);
    }

    fn call_by_name(self: Arc<Self>, request: &Request<'_>, mut call: Call<'_>) -> Option<Outcome> {
        let class = self.class();
        let method = class.find(request.method)?;
        let name = class.name.rsplit('.').next().unwrap_or(class.name);
        Some(
            bind(&method.signature, name, method.name, request, 0).and_then(|bound| {
                call.bind(bound, Served(Arc::clone(&self) as Arc<dyn AnyObject>));
                (method.call)(&self, &mut call)
            }),
        )
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}
