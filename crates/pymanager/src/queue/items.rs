//! The items of a queue, in the order in which they go out.

use std::collections::VecDeque;

use super::sorted::{Place, Sorted};

/// Which item goes out first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// The oldest: `queue.Queue`.
    #[default]
    Fifo,
    /// The newest: `queue.LifoQueue`.
    Lifo,
    /// The least, by Python's `<`: `queue.PriorityQueue`. Among equals, the
    /// oldest.
    Priority,
}

/// What Python's `TypeError` says of two values that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incomparable(pub(crate) String);

/// An item of a queue: it can be compared, perhaps, and takes memory.
pub(crate) trait QueueItem {
    /// What is compared of it.
    type Rank: Clone;

    fn rank(&self) -> Self::Rank;

    /// Whether `rank` goes before `other`.
    fn before(rank: &Self::Rank, other: &Self::Rank) -> Result<bool, Incomparable>;

    /// Bytes, roughly.
    fn memory(&self) -> usize;
}

/// The items. Those of a priority queue are sorted, not in a heap like
/// Python's: all comparing then happens while an item is put, and a failure
/// concerns him alone who puts what cannot be compared. A heap compares while
/// an item is taken too; Python's loses the item when that fails.
#[derive(Debug)]
pub(crate) struct Items<T> {
    line: Line<T>,
    /// Bytes in all, roughly.
    memory: usize,
}

#[derive(Debug)]
enum Line<T> {
    /// In the order in which they came, or the opposite.
    Plain(VecDeque<T>),
    /// In the order of their ranks.
    Sorted(Sorted<T>),
}

impl<T: QueueItem> Items<T> {
    pub(crate) fn new(order: Order) -> Self {
        let line = match order {
            Order::Fifo | Order::Lifo => Line::Plain(VecDeque::new()),
            Order::Priority => Line::Sorted(Sorted::new()),
        };
        Items { line, memory: 0 }
    }

    /// The places from the next item to behind the last, where they are sorted.
    pub(crate) fn places(&self) -> (Place, Place) {
        match &self.line {
            Line::Plain(_) => (Place::default(), Place::default()),
            Line::Sorted(items) => (items.front(), items.back()),
        }
    }

    /// The rank of an item about halfway between two places, and its place; none
    /// when there is none between.
    pub(crate) fn between(&self, low: Place, high: Place) -> Option<(Place, T::Rank)> {
        match &self.line {
            Line::Plain(_) => None,
            Line::Sorted(items) => {
                let (place, item) = items.between(low, high)?;
                Some((place, item.rank()))
            }
        }
    }

    /// Adds an item at a place, or at the front when that has been taken.
    pub(crate) fn insert(&mut self, place: Place, item: T) {
        self.memory += item.memory();
        match &mut self.line {
            Line::Plain(items) => items.push_front(item),
            Line::Sorted(items) => items.insert(place, item),
        }
    }

    pub(crate) fn push_back(&mut self, item: T) {
        self.memory += item.memory();
        match &mut self.line {
            Line::Plain(items) => items.push_back(item),
            Line::Sorted(items) => items.insert(items.back(), item),
        }
    }

    pub(crate) fn push_front(&mut self, item: T) {
        self.memory += item.memory();
        match &mut self.line {
            Line::Plain(items) => items.push_front(item),
            Line::Sorted(items) => items.insert(items.front(), item),
        }
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        let item = match &mut self.line {
            Line::Plain(items) => {
                let item = items.pop_front()?;
                if items.is_empty() && items.capacity() > 1_024 {
                    *items = VecDeque::new();
                }
                item
            }
            Line::Sorted(items) => items.take()?,
        };
        self.memory -= item.memory();
        Some(item)
    }

    /// All ranks, in order.
    #[cfg(test)]
    pub(crate) fn ranks(&self) -> Vec<T::Rank> {
        match &self.line {
            Line::Plain(items) => items.iter().map(QueueItem::rank).collect(),
            Line::Sorted(items) => items.iter().map(QueueItem::rank).collect(),
        }
    }

    /// Takes all. To be dropped where nobody waits for it.
    pub(crate) fn take_all(&mut self) -> Self {
        let line = match &mut self.line {
            Line::Plain(items) => Line::Plain(std::mem::take(items)),
            Line::Sorted(items) => Line::Sorted(items.take_all()),
        };
        Items {
            line,
            memory: std::mem::take(&mut self.memory),
        }
    }
}

impl<T> Items<T> {
    pub(crate) fn len(&self) -> usize {
        match &self.line {
            Line::Plain(items) => items.len(),
            Line::Sorted(items) => items.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in all, roughly.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }
}
