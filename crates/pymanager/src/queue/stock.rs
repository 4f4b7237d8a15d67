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

/// What can be compared, perhaps.
pub(crate) trait Ranked {
    /// Whether `self` goes before `other`.
    fn before(&self, other: &Self) -> Result<bool, Incomparable>;
}

/// A sorted list serves `Priority`, not the heap of Python's: all comparing
/// then happens while an item is put, and a failure concerns him alone who
/// puts what cannot be compared. A heap compares while an item is taken too;
/// Python's loses the item when that fails. The price is moving pointers, half
/// of them at worst, for each item put.
#[derive(Debug)]
pub(crate) struct Stock<T> {
    order: Order,
    items: VecDeque<T>,
}

impl<T: Ranked> Stock<T> {
    pub(crate) fn new(order: Order) -> Self {
        Stock {
            order,
            items: VecDeque::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn add(&mut self, item: T) -> Result<(), Incomparable> {
        match self.order {
            Order::Fifo => self.items.push_back(item),
            Order::Lifo => self.items.push_front(item),
            Order::Priority => {
                let place = self.place_after_equals(&item)?;
                self.items.insert(place, item);
            }
        }
        Ok(())
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        let item = self.items.pop_front();
        if self.items.is_empty() && self.items.capacity() > 1_024 {
            self.items = VecDeque::new();
        }
        item
    }

    /// Puts back what [`take`](Self::take) gave.
    pub(crate) fn put_back(&mut self, item: T) {
        // A lesser item may have come meanwhile; equals have come later. What
        // cannot be compared any more was first when it was taken.
        let place = match self.order {
            Order::Priority => self.place_before_equals(&item).unwrap_or(0),
            Order::Fifo | Order::Lifo => 0,
        };
        self.items.insert(place, item);
    }

    /// Throws all away; how many there were.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.items).len()
    }

    fn place_after_equals(&self, item: &T) -> Result<usize, Incomparable> {
        self.first_where(|other| item.before(other))
    }

    fn place_before_equals(&self, item: &T) -> Result<usize, Incomparable> {
        self.first_where(|other| other.before(item).map(|before| !before))
    }

    /// The first place whose item passes, where all after it pass too.
    fn first_where(
        &self,
        passes: impl Fn(&T) -> Result<bool, Incomparable>,
    ) -> Result<usize, Incomparable> {
        let (mut low, mut high) = (0, self.items.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if passes(&self.items[middle])? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }
}
