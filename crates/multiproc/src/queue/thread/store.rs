//! Where the items are: first in, first out in a channel, or in any other order
//! under a lock.

use std::cmp::Ordering as Cmp;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, TrySendError};

/// The most items in a bounded channel, which allocates all its room at the
/// start. A queue that may hold more grows as it fills instead.
const LARGEST_CHANNEL: usize = 1 << 16;

/// Items in some order. Nothing here waits.
pub(super) enum Store<T> {
    Channel(Channel<T>),
    Ordered(Ordered<T>),
}

impl<T: Send + 'static> Store<T> {
    pub(super) fn fifo(capacity: Option<usize>) -> Self {
        match capacity {
            Some(most) if most > LARGEST_CHANNEL => {
                Store::Ordered(Ordered::new(capacity, VecDeque::new()))
            }
            _ => Store::Channel(Channel::new(capacity)),
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
    /// Stores the item, or returns it if there is no room.
    pub(super) fn push(&self, item: T) -> Result<(), T> {
        match self {
            Store::Channel(channel) => channel
                .sender
                .try_send(item)
                .map_err(TrySendError::into_inner),
            Store::Ordered(ordered) => ordered.push(item),
        }
    }

    pub(super) fn pop(&self) -> Option<T> {
        match self {
            Store::Channel(channel) => channel.receiver.try_recv().ok(),
            Store::Ordered(ordered) => ordered.lock().pop(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Store::Channel(channel) => channel.receiver.len(),
            Store::Ordered(ordered) => ordered.lock().len(),
        }
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match self {
            Store::Channel(channel) => channel.sender.capacity(),
            Store::Ordered(ordered) => ordered.capacity,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.capacity().is_some_and(|most| self.len() >= most)
    }
}

/// First in, first out, without a lock.
///
/// Both ends of the channel stay here, so it never disconnects, and only its
/// non-blocking calls are used. Its own waiting would not do: only room or the
/// drop of all receivers wakes a blocked sender, and that drop throws away the
/// items that `close` must keep.
pub(super) struct Channel<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

impl<T> Channel<T> {
    fn new(capacity: Option<usize>) -> Self {
        let (sender, receiver) = match capacity {
            Some(most) => crossbeam_channel::bounded(most),
            None => crossbeam_channel::unbounded(),
        };
        Channel { sender, receiver }
    }
}

/// Any order, under a lock.
pub(super) struct Ordered<T> {
    capacity: Option<usize>,
    items: Mutex<Box<dyn Order<T>>>,
}

impl<T> Ordered<T> {
    fn new(capacity: Option<usize>, order: impl Order<T> + 'static) -> Self {
        Ordered {
            capacity,
            items: Mutex::new(Box::new(order)),
        }
    }

    fn push(&self, item: T) -> Result<(), T> {
        let mut items = self.lock();
        if self.capacity.is_some_and(|most| items.len() >= most) {
            return Err(item);
        }
        items.push(item);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Order<T>>> {
        lock(&self.items)
    }
}

/// Ignores poison. Comparing items runs the caller's code, which may panic; the
/// heap then still has the same items, in whatever order that code left them.
fn lock<R>(mutex: &Mutex<R>) -> MutexGuard<'_, R> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
