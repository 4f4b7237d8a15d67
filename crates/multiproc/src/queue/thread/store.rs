//! Where the items are: first in, first out in a ring, or in a channel when there
//! is no bound, or in any other order under a lock.

use std::cmp::Ordering as Cmp;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::channel::Channel;
use super::rejected::Rejected;
use super::ring::Ring;
use crate::queue::Error;

/// Items in some order. Nothing here waits, but for a put or a get that another
/// thread has begun and only has to end.
///
/// Every change is one that an [`EventCount`](super::event_count::EventCount)'s
/// sleepers can rely on.
pub(super) enum Store<T> {
    Ring(Ring<T>),
    Channel(Channel<T>),
    Ordered(Ordered<T>),
}

impl<T: Send + 'static> Store<T> {
    pub(super) fn fifo(capacity: Option<usize>) -> Self {
        match capacity {
            None => Store::Channel(Channel::new()),
            // A ring has all its room from the start. A queue that may hold more
            // grows as it fills instead.
            Some(most) if Ring::<T>::may_have(most) => Store::Ring(Ring::new(most)),
            Some(_) => Store::Ordered(Ordered::new(capacity, VecDeque::new())),
        }
    }

    pub(super) fn lifo(capacity: Option<usize>) -> Self {
        Store::Ordered(Ordered::new(capacity, Vec::new()))
    }

    pub(super) fn priority(capacity: Option<usize>) -> Self
    where
        T: Ord,
    {
        Store::Ordered(Ordered::new(capacity, Ranking::new()))
    }
}

impl<T> Store<T> {
    /// Stores the item, or gives it back if there is no room, or the store closed.
    pub(super) fn push(&self, item: T) -> Result<(), Rejected<T>> {
        match self {
            Store::Ring(ring) => ring.push(item),
            Store::Channel(channel) => channel.push(item),
            Store::Ordered(ordered) => ordered.push(item),
        }
    }

    /// The next item; [`Error::Empty`], or [`Error::Closed`] when none comes any
    /// more.
    pub(super) fn pop(&self) -> Result<T, Error> {
        match self {
            Store::Ring(ring) => ring.pop(),
            Store::Channel(channel) => channel.pop(),
            Store::Ordered(ordered) => ordered.pop(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Store::Ring(ring) => ring.len(),
            Store::Channel(channel) => channel.len(),
            Store::Ordered(ordered) => ordered.lock().items.len(),
        }
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match self {
            Store::Ring(ring) => Some(ring.capacity()),
            Store::Channel(_) => None,
            Store::Ordered(ordered) => ordered.capacity,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        match self {
            Store::Ring(ring) => ring.is_full(),
            Store::Channel(_) => false,
            Store::Ordered(ordered) => ordered.is_full(&ordered.lock()),
        }
    }

    /// How many items were put. An item counts before it can be got, or its
    /// `task_done` might come first.
    pub(super) fn put(&self) -> u64 {
        match self {
            Store::Ring(ring) => ring.put(),
            Store::Channel(channel) => channel.put(),
            Store::Ordered(ordered) => ordered.lock().put,
        }
    }

    pub(super) fn close(&self) {
        match self {
            Store::Ring(ring) => ring.close(),
            Store::Channel(channel) => channel.close(),
            Store::Ordered(ordered) => ordered.lock().closed = true,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Store::Ring(ring) => ring.is_closed(),
            Store::Channel(channel) => channel.is_closed(),
            Store::Ordered(ordered) => ordered.lock().closed,
        }
    }
}

/// Any order, under a lock.
pub(super) struct Ordered<T> {
    capacity: Option<usize>,
    state: Mutex<State<T>>,
}

struct State<T> {
    items: Box<dyn Order<T>>,
    /// How many were put.
    put: u64,
    closed: bool,
}

impl<T> Ordered<T> {
    fn new(capacity: Option<usize>, order: impl Order<T> + 'static) -> Self {
        Ordered {
            capacity,
            state: Mutex::new(State {
                items: Box::new(order),
                put: 0,
                closed: false,
            }),
        }
    }

    fn push(&self, item: T) -> Result<(), Rejected<T>> {
        let mut state = self.lock();
        let error = match state.closed {
            true => Error::Closed,
            false if self.is_full(&state) => Error::Full,
            false => {
                // First, for comparing may panic, and then the item is in as well.
                state.put += 1;
                state.items.push(item);
                return Ok(());
            }
        };
        Err(Rejected { error, item })
    }

    fn pop(&self) -> Result<T, Error> {
        let mut state = self.lock();
        match state.items.pop() {
            Some(item) => Ok(item),
            None if state.closed => Err(Error::Closed),
            None => Err(Error::Empty),
        }
    }

    fn is_full(&self, state: &State<T>) -> bool {
        self.capacity.is_some_and(|most| state.items.len() >= most)
    }

    /// Ignores poison. Comparing items runs the caller's code, which may panic; the
    /// heap then still has the same items, in whatever order that code left them.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What decides which item is next.
pub(super) trait Order<T>: Send {
    fn push(&mut self, item: T);
    fn pop(&mut self) -> Option<T>;
    fn len(&self) -> usize;
}

/// First in, first out.
impl<T: Send> Order<T> for VecDeque<T> {
    fn push(&mut self, item: T) {
        self.push_back(item);
    }
    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }
    fn len(&self) -> usize {
        VecDeque::len(self)
    }
}

/// Last in, first out.
impl<T: Send> Order<T> for Vec<T> {
    fn push(&mut self, item: T) {
        Vec::push(self, item);
    }
    fn pop(&mut self) -> Option<T> {
        Vec::pop(self)
    }
    fn len(&self) -> usize {
        Vec::len(self)
    }
}

/// The smallest first; among equals, first in, first out.
struct Ranking<T> {
    heap: BinaryHeap<Ranked<T>>,
    /// The number of the next item.
    next: u64,
}

impl<T: Ord> Ranking<T> {
    fn new() -> Self {
        Ranking {
            heap: BinaryHeap::new(),
            next: 0,
        }
    }
}

impl<T: Ord + Send> Order<T> for Ranking<T> {
    fn push(&mut self, item: T) {
        let number = self.next;
        self.next += 1;
        self.heap.push(Ranked { item, number });
    }
    fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|ranked| ranked.item)
    }
    fn len(&self) -> usize {
        self.heap.len()
    }
}

struct Ranked<T> {
    item: T,
    number: u64,
}

impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Cmp {
        // The heap pops the greatest, so the order is reversed.
        let items = other.item.cmp(&self.item);
        items.then_with(|| other.number.cmp(&self.number))
    }
}

impl<T: Ord> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Cmp> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Cmp::Equal
    }
}

impl<T: Ord> Eq for Ranked<T> {}
