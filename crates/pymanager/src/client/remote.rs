//! A queue in a manager, with typed items.

use std::marker::PhantomData;
use std::time::Duration;

use super::proxy::Proxy;
use crate::error::Error;
use inert_pickle::Data;
use inert_pickle::Value;

/// A queue in a manager, Python or Rust, with the methods of
/// [`SharedQueue`](crate::SharedQueue).
///
/// `T` is the type of the items: plain data by way of serde, or [`Value`] for
/// whatever Python may send. Beyond the errors named below, each call may
/// fail with those of a broken connection: [`Error::Disconnected`],
/// [`Error::NoAnswer`], [`Error::Connect`].
///
/// An item that a killed program was about to get stays in a Rust manager's
/// queue; a Python manager loses it.
#[derive(Clone, Debug)]
pub struct RemoteQueue<T = Value> {
    proxy: Proxy,
    items: PhantomData<fn(T) -> T>,
}

impl<T: Data> RemoteQueue<T> {
    /// The queue that `proxy` stands for.
    pub fn new(proxy: Proxy) -> Self {
        RemoteQueue {
            proxy,
            items: PhantomData,
        }
    }

    /// Puts an item, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::ShutDown`]; [`Error::Raised`] from a priority queue that
    /// cannot place the item; [`Error::Pickle`].
    pub fn put(&self, item: &T) -> Result<(), Error> {
        self.put_within(item, None)
    }

    /// Puts an item, waiting for room for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], and those of [`put`](Self::put).
    pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<(), Error> {
        self.put_within(item, Some(timeout))
    }

    /// Puts an item if there is room now.
    ///
    /// # Errors
    ///
    /// Those of [`put_timeout`](Self::put_timeout).
    pub fn try_put(&self, item: &T) -> Result<(), Error> {
        let item = [item.to_value()?];
        self.nothing("put_nowait", &item, Some(Duration::ZERO))
    }

    fn put_within(&self, item: &T, timeout: Option<Duration>) -> Result<(), Error> {
        let item = item.to_value()?;
        match timeout {
            None => self.nothing("put", &[item], None),
            Some(_) => self.nothing("put", &[item, true.into(), seconds(timeout)], timeout),
        }
    }

    /// Takes an item, waiting for one as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::ShutDown`]; [`Error::Pickle`] when the item is no `T`: it is
    /// taken all the same.
    pub fn get(&self) -> Result<T, Error> {
        self.item("get", &[], None)
    }

    /// Takes an item, waiting for one for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], and those of [`get`](Self::get).
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, Error> {
        let timeout = Some(timeout);
        self.item("get", &[true.into(), seconds(timeout)], timeout)
    }

    /// Takes an item if there is one now.
    ///
    /// # Errors
    ///
    /// Those of [`get_timeout`](Self::get_timeout).
    pub fn try_get(&self) -> Result<T, Error> {
        self.item("get_nowait", &[], Some(Duration::ZERO))
    }

    /// Says that an item which was taken has been dealt with.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDone`].
    pub fn task_done(&self) -> Result<(), Error> {
        self.nothing("task_done", &[], Some(Duration::ZERO))
    }

    /// Waits until every item that was put has been dealt with. There is no
    /// form with a time-out on Python's side.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn join(&self) -> Result<(), Error> {
        self.nothing("join", &[], None)
    }

    /// Lets nothing in any more; `immediate` throws away what is in. Python
    /// managers have it since 3.13.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] from a manager that does not have it.
    pub fn shutdown(&self, immediate: bool) -> Result<(), Error> {
        self.nothing("shutdown", &[immediate.into()], Some(Duration::ZERO))
    }

    /// How many items are in it now.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn len(&self) -> Result<usize, Error> {
        let count = self.call("qsize", &[], Some(Duration::ZERO))?.as_i64();
        count
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| Error::Protocol("the queue's size is no number".to_string()))
    }

    /// Whether there is none now.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn is_empty(&self) -> Result<bool, Error> {
        let empty = self.call("empty", &[], Some(Duration::ZERO))?;
        Ok(empty.is_truthy())
    }

    /// Whether there is no room now.
    ///
    /// # Errors
    ///
    /// Those of a broken connection.
    pub fn is_full(&self) -> Result<bool, Error> {
        let full = self.call("full", &[], Some(Duration::ZERO))?;
        Ok(full.is_truthy())
    }

    fn item(&self, method: &str, args: &[Value], wait: Option<Duration>) -> Result<T, Error> {
        Ok(T::from_value(self.call(method, args, wait)?)?)
    }

    fn nothing(&self, method: &str, args: &[Value], wait: Option<Duration>) -> Result<(), Error> {
        self.call(method, args, wait)?;
        Ok(())
    }

    fn call(&self, method: &str, args: &[Value], wait: Option<Duration>) -> Result<Value, Error> {
        self.proxy.call(method, args, &[], wait)
    }
}

impl<T: Data> From<Proxy> for RemoteQueue<T> {
    fn from(proxy: Proxy) -> Self {
        RemoteQueue::new(proxy)
    }
}

/// A time as Python takes it.
pub(crate) fn seconds(timeout: Option<Duration>) -> Value {
    match timeout {
        // What no clock can tell, Python refuses: for ever.
        Some(timeout) if timeout.as_secs() < 1 << 32 => timeout.as_secs_f64().into(),
        _ => Value::none(),
    }
}
