//! The items of a priority queue, in order, in blocks: to put one among a million
//! moves some hundred of them, not half of all.

use std::collections::VecDeque;

/// A block of twice as many is cut in two.
const BLOCK: usize = if cfg!(test) { 4 } else { 512 };

/// A place in the line. Taking items from the front changes the place of none;
/// putting one does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    block: u64,
    /// Counted from where the block began, before any was taken.
    index: u64,
}

/// The line.
#[derive(Debug)]
pub(crate) struct Sorted<T> {
    /// One at least. None but the only one is empty, and of none but the first
    /// has anything been taken.
    blocks: VecDeque<Block<T>>,
    /// The number of the first block.
    first: u64,
    len: usize,
}

#[derive(Debug)]
struct Block<T> {
    items: VecDeque<T>,
    taken: u64,
}

impl<T> Block<T> {
    fn new(items: VecDeque<T>) -> Self {
        Block { items, taken: 0 }
    }

    fn end(&self) -> u64 {
        self.taken + self.items.len() as u64
    }
}

impl<T> Sorted<T> {
    pub(crate) fn new() -> Self {
        Sorted {
            blocks: VecDeque::from([Block::new(VecDeque::new())]),
            first: 0,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The place of the next item.
    pub(crate) fn front(&self) -> Place {
        Place {
            block: self.first,
            index: self.blocks[0].taken,
        }
    }

    /// The place behind the last item.
    pub(crate) fn back(&self) -> Place {
        let last = self.blocks.len() - 1;
        Place {
            block: self.first + last as u64,
            index: self.blocks[last].end(),
        }
    }

    /// An item about halfway from `low` to `high`, what comes before it being
    /// `low` at least and what is behind it `high` at most; none when there is
    /// none between. What has been taken meanwhile is not there.
    pub(crate) fn between(&self, low: Place, high: Place) -> Option<(Place, &T)> {
        let low = low.max(self.front());
        if low >= high {
            return None;
        }
        // First among the blocks' first items, then within one block.
        let blocks = high.block - low.block - u64::from(high.index == 0 && high.block > low.block);
        let place = match blocks {
            0 => {
                let block = self.block(low.block)?;
                let end = match high.block == low.block {
                    true => high.index,
                    false => block.end(),
                };
                if low.index >= end {
                    return None;
                }
                Place {
                    block: low.block,
                    index: low.index + (end - low.index) / 2,
                }
            }
            blocks => Place {
                block: low.block + 1 + (blocks - 1) / 2,
                index: 0,
            },
        };
        let block = self.block(place.block)?;
        let index = usize::try_from(place.index.checked_sub(block.taken)?).ok()?;
        Some((place, block.items.get(index)?))
    }

    /// Adds an item at a place, or at the front when that has been taken.
    pub(crate) fn insert(&mut self, place: Place, item: T) {
        let place = place.clamp(self.front(), self.back());
        // It is between two that there are.
        let number = (place.block - self.first) as usize;
        let block = &mut self.blocks[number];
        let index = usize::try_from(place.index.saturating_sub(block.taken)).unwrap_or(usize::MAX);
        block.items.insert(index.min(block.items.len()), item);
        self.len += 1;
        if block.items.len() >= 2 * BLOCK {
            let rest = block.items.split_off(BLOCK);
            self.blocks.insert(number + 1, Block::new(rest));
        }
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        let block = self.blocks.front_mut()?;
        let item = block.items.pop_front()?;
        block.taken += 1;
        self.len -= 1;
        if block.items.is_empty() && self.blocks.len() > 1 {
            self.blocks.pop_front();
            self.first += 1;
        }
        Some(item)
    }

    /// Takes all. To be dropped where nobody waits for it.
    pub(crate) fn take_all(&mut self) -> Self {
        let mut empty = Sorted::new();
        // No place that somebody knows comes again.
        empty.first = self.back().block + 1;
        std::mem::replace(self, empty)
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|block| &block.items)
    }

    fn block(&self, number: u64) -> Option<&Block<T>> {
        let number = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.blocks.get(number)
    }
}

impl Place {
    /// The place behind the item that is here.
    pub(crate) fn behind(self) -> Place {
        Place {
            index: self.index + 1,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts an item behind all that are not greater; between two looks, `meanwhile`
    /// happens.
    fn put(line: &mut Sorted<u64>, item: u64, mut meanwhile: impl FnMut(&mut Sorted<u64>)) -> u32 {
        let (mut low, mut high, mut looks) = (line.front(), line.back(), 0);
        while let Some((place, found)) = line.between(low, high) {
            match *found > item {
                true => high = place,
                false => low = place.behind(),
            }
            looks += 1;
            meanwhile(line);
        }
        line.insert(low, item);
        looks
    }

    #[test]
    fn a_line_is_in_order_whatever_is_taken_while_a_place_is_looked_for() {
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..20 {
            let (mut line, mut model) = (Sorted::new(), Vec::new());
            for _ in 0..10_000 {
                if random.u32(0..10) == 0 && round % 4 > 0 {
                    let taken = (!model.is_empty()).then(|| model.remove(0));
                    assert_eq!(line.take(), taken);
                    continue;
                }
                let item = random.u64(0..1 << (4 * (round % 5) + 1));
                let takes = random.bool() && round % 2 == 0;
                put(&mut line, item, |line| {
                    if takes {
                        let taken = (!model.is_empty()).then(|| model.remove(0));
                        assert_eq!(line.take(), taken);
                    }
                });
                let at = model.partition_point(|other| *other <= item);
                model.insert(at, item);
                assert_eq!(line.len(), model.len());
            }
            let all: Vec<u64> = std::iter::from_fn(|| line.take()).collect();
            assert_eq!(all, model);
        }
    }

    #[test]
    fn among_a_hundred_thousand_it_takes_few_looks() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut line = Sorted::new();
        let most = (0..100_000).map(|_| put(&mut line, random.u64(..), |_| {}));
        assert!(most.max() <= Some(20));
        assert!(
            line.blocks
                .iter()
                .all(|block| block.items.len() < 2 * BLOCK)
        );
    }
}
