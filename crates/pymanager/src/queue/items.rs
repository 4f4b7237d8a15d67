//! The items of a queue, in the order in which they go out.

use std::collections::VecDeque;

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
/// an item is taken too; Python's loses the item when that fails. The price is
/// moving pointers, half of them at worst, for each item put.
#[derive(Debug)]
pub(crate) struct Items<T> {
    items: VecDeque<T>,
    /// How many have been taken off the front: with it, a place in the line
    /// can be named in a way that does not change when items are taken.
    taken: u64,
    pub(super) memory: usize,
}

impl<T: QueueItem> Items<T> {
    pub(crate) fn new() -> Self {
        Items {
            items: VecDeque::new(),
            taken: 0,
            memory: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes in all, roughly.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// The places there are: from the next item to behind the last.
    pub(crate) fn places(&self) -> (u64, u64) {
        (self.taken, self.taken + self.items.len() as u64)
    }

    /// What is at a place; none when it has been taken.
    pub(crate) fn rank_at(&self, place: u64) -> Option<T::Rank> {
        let index = place.checked_sub(self.taken)?;
        Some(self.items.get(usize::try_from(index).ok()?)?.rank())
    }

    /// Adds an item at a place, or at the front when that has been taken.
    pub(crate) fn insert(&mut self, place: u64, item: T) {
        let index = usize::try_from(place.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        self.memory += item.memory();
        self.items.insert(index.min(self.items.len()), item);
    }

    pub(crate) fn push_back(&mut self, item: T) {
        self.memory += item.memory();
        self.items.push_back(item);
    }

    pub(crate) fn push_front(&mut self, item: T) {
        self.memory += item.memory();
        self.items.push_front(item);
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        self.taken += 1;
        self.memory -= item.memory();
        if self.items.is_empty() && self.items.capacity() > 1_024 {
            self.items = VecDeque::new();
        }
        Some(item)
    }

    /// Takes all. To be dropped where nobody waits for it.
    pub(crate) fn take_all(&mut self) -> VecDeque<T> {
        self.taken += self.items.len() as u64;
        self.memory = 0;
        std::mem::take(&mut self.items)
    }
}
