//! A queue as an object that is served, and the handle on it inside the
//! program that serves.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use multiproc::deadline::Deadline;

use super::core::{MemoryLimit, Queue, Refused};
use super::items::{Incomparable, Order, QueueItem};
use super::methods::{LIFO, PRIORITY, QUEUE, SIMPLE};
use crate::error::Error;
use crate::handles::{Account, Accounts, Share};
use crate::object::{Caller, Class, Memory, Object, Served, Stored, Wait};
use crate::status::ObjectStatus;
use inert_pickle::{Data, Value};

/// Which of Python's queue classes a queue stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// `queue.Queue`: first in, first out.
    #[default]
    Fifo,
    /// `queue.LifoQueue`: last in, first out.
    Lifo,
    /// `queue.PriorityQueue`: the least first, by Python's `<`.
    Priority,
    /// `queue.SimpleQueue`: first in, first out, without `join`.
    Simple,
}

impl QueueKind {
    fn order(self) -> Order {
        match self {
            QueueKind::Fifo | QueueKind::Simple => Order::Fifo,
            QueueKind::Lifo => Order::Lifo,
            QueueKind::Priority => Order::Priority,
        }
    }
}

/// What a queue holds: a Python value, ordered as Python orders.
#[derive(Clone, Debug)]
pub(crate) struct Item(pub(crate) Stored);

impl QueueItem for Item {
    type Rank = Value;

    fn rank(&self) -> Value {
        self.0.value.clone()
    }

    fn before(rank: &Value, other: &Value) -> Result<bool, Incomparable> {
        rank.less_than(other)
            .map_err(|error| Incomparable(error.to_string()))
    }

    fn memory(&self) -> usize {
        self.0.memory()
    }
}

/// A queue and the class that it is of.
#[derive(Debug)]
pub(crate) struct QueueObject {
    pub(crate) kind: QueueKind,
    pub(crate) queue: Queue<Item>,
}

impl QueueObject {
    pub(crate) fn new(kind: QueueKind, capacity: usize) -> Self {
        QueueObject {
            kind,
            queue: Queue::new(kind.order(), capacity),
        }
    }

    /// Bounds the memory of the queue's own, and counts it with all.
    pub(crate) fn limit_memory(&self, own: usize, all: &Arc<Memory>) {
        let all = Arc::clone(all);
        self.queue.limit_memory(MemoryLimit { own, all });
    }
}

impl Object for QueueObject {
    fn copy(&self) -> Result<Value, String> {
        Err("TypeError: cannot pickle '_thread.lock' object".to_string())
    }

    fn class(&self) -> &'static Class<Self> {
        match self.kind {
            QueueKind::Fifo => &QUEUE,
            QueueKind::Lifo => &LIFO,
            QueueKind::Priority => &PRIORITY,
            QueueKind::Simple => &SIMPLE,
        }
    }

    fn describe(&self, told: &mut ObjectStatus) {
        told.length = Some(self.queue.len() as u64);
        let mut notes = Vec::new();
        if self.queue.capacity() > 0 {
            notes.push(format!("room for {}", self.queue.capacity()));
        }
        if self.queue.unfinished() > 0 {
            notes.push(format!("{} not done", self.queue.unfinished()));
        }
        if self.queue.is_closed() {
            notes.push("shut down".to_string());
        }
        told.note = notes.join(", ");
    }
}

/// A queue that a [`Manager`](crate::Manager) serves to other programs, used
/// from the program that serves it.
///
/// Clones are handles on the same queue. `T` is the type of the items: plain
/// data by way of serde, or [`Value`] for whatever Python may send. The queue
/// lives as long as its last handle; a manager that shuts down does not shut
/// it.
pub struct SharedQueue<T = Value> {
    object: Arc<QueueObject>,
    items: PhantomData<fn(T) -> T>,
}

impl<T: Data> SharedQueue<T> {
    /// A `queue.Queue` without a limit.
    pub fn new() -> Self {
        Self::with(QueueKind::Fifo, 0)
    }

    /// A queue of this kind that holds at most `capacity` items; 0 is no
    /// limit.
    pub fn with(kind: QueueKind, capacity: usize) -> Self {
        SharedQueue {
            object: Arc::new(QueueObject::new(kind, capacity)),
            items: PhantomData,
        }
    }

    /// Puts an item, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::ShutDown`]; [`Error::Incomparable`] from a priority queue;
    /// [`Error::Pickle`] when the item cannot be expressed in Python's terms.
    pub fn put(&self, item: &T) -> Result<(), Error> {
        self.put_until(item, Deadline::NEVER)
    }

    /// Puts an item, waiting for room for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], and those of [`put`](Self::put).
    pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<(), Error> {
        self.put_until(item, Deadline::after(timeout))
    }

    /// Puts an item if there is room now.
    ///
    /// # Errors
    ///
    /// Those of [`put_timeout`](Self::put_timeout).
    pub fn try_put(&self, item: &T) -> Result<(), Error> {
        self.put_until(item, Deadline::after(Duration::ZERO))
    }

    fn put_until(&self, item: &T, deadline: Deadline) -> Result<(), Error> {
        let item = Item(Stored::plain(item.to_value()?));
        self.call(deadline, |wait| self.object.queue.put(item, wait))
    }

    /// Takes an item, waiting for one as long as it takes.
    ///
    /// # Errors
    ///
    /// [`Error::ShutDown`] when nothing is left and nothing can come;
    /// [`Error::Pickle`] when the item is no `T`: it is taken all the same.
    pub fn get(&self) -> Result<T, Error> {
        self.get_until(Deadline::NEVER)
    }

    /// Takes an item, waiting for one for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], and those of [`get`](Self::get).
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, Error> {
        self.get_until(Deadline::after(timeout))
    }

    /// Takes an item if there is one now.
    ///
    /// # Errors
    ///
    /// Those of [`get_timeout`](Self::get_timeout).
    pub fn try_get(&self) -> Result<T, Error> {
        self.get_until(Deadline::after(Duration::ZERO))
    }

    fn get_until(&self, deadline: Deadline) -> Result<T, Error> {
        let item = self.call(deadline, |wait| self.object.queue.get(wait))?;
        Ok(T::from_value(item.0.value)?)
    }

    /// Says that an item which was taken has been dealt with.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDone`].
    pub fn task_done(&self) -> Result<(), Error> {
        Ok(self.object.queue.task_done()?)
    }

    /// Waits until every item that was put has been dealt with.
    pub fn join(&self) {
        // Without a deadline there is nothing that could fail.
        let _ = self.call(Deadline::NEVER, |wait| self.object.queue.join(wait));
    }

    /// Waits until every item has been dealt with, or for `timeout`; whether
    /// they have.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        let deadline = Deadline::after(timeout);
        self.call(deadline, |wait| self.object.queue.join(wait))
            .is_ok()
    }

    /// Lets nothing in any more; `immediate` throws away what is in. Everyone
    /// who waits is woken.
    pub fn shutdown(&self, immediate: bool) {
        self.object.queue.shut_down(immediate);
    }

    /// How many items are in it now.
    pub fn len(&self) -> usize {
        self.object.queue.len()
    }

    /// Whether there is none now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room now.
    pub fn is_full(&self) -> bool {
        self.object.queue.is_full()
    }

    /// How much memory its items take, roughly, in bytes.
    pub fn memory(&self) -> usize {
        self.object.queue.memory()
    }

    /// How many wait for an item now, here and in other programs.
    pub fn waiting(&self) -> usize {
        self.object.queue.waiting()
    }

    fn call<R>(
        &self,
        deadline: Deadline,
        call: impl FnOnce(&Wait<'_>) -> Result<R, Refused>,
    ) -> Result<R, Error> {
        let caller = Caller::here();
        Ok(call(&Wait {
            deadline,
            caller: &caller,
        })?)
    }
}

impl<T> Share for SharedQueue<T> {
    fn served(&self) -> Served {
        Served::shared(&self.object)
    }

    fn accounts(&self) -> Accounts {
        Accounts(Account::Queue(Arc::clone(&self.object)))
    }
}

impl<T: Data> Default for SharedQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for SharedQueue<T> {
    fn clone(&self) -> Self {
        SharedQueue {
            object: Arc::clone(&self.object),
            items: PhantomData,
        }
    }
}

impl<T> fmt::Debug for SharedQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedQueue")
            .field("kind", &self.object.kind)
            .field("len", &self.object.queue.len())
            .finish_non_exhaustive()
    }
}
