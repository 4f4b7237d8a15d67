//! The entries of a dict in the order of insertion, and an index of where
//! each key is: CPython's compact dict.

use hashbrown::HashTable;

use super::packed::Packed;
use crate::pickle::semantics::Fingerprint;

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What the key is found by.
    pub(super) fingerprint: Fingerprint,
    pub(super) key: Packed,
    pub(super) value: Packed,
}

impl Entry {
    /// Bytes of memory, roughly: its slot, as much again for gaps and room to
    /// grow, its number in the index.
    pub(super) fn memory(&self) -> usize {
        2 * size_of::<Slot>() + 16 + self.key.memory() + self.value.memory()
    }
}

/// When a key came: it grows with each new key and never comes again, so that
/// an iterator finds its way whatever has been moved or removed.
pub(super) type Place = u64;

/// An entry, or the gap that it left.
#[derive(Debug)]
struct Slot {
    place: Place,
    entry: Option<Entry>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    /// By place.
    slots: Vec<Slot>,
    /// The number of each entry's slot.
    index: HashTable<u32>,
    /// The last place that was given.
    last: Place,
    /// All slots before this one are gaps.
    front: usize,
}

/// So many slots more than needed are let be.
const SLACK: usize = 32;

impl Table {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn get(&self, key: Fingerprint) -> Option<&Entry> {
        let number = self.index.find(key.as_hash(), is(&self.slots, key))?;
        self.slots[*number as usize].entry.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: Fingerprint) -> Option<&mut Entry> {
        let number = self.index.find(key.as_hash(), is(&self.slots, key))?;
        self.slots[*number as usize].entry.as_mut()
    }

    /// Adds an entry whose key is not there yet.
    pub(super) fn push(&mut self, entry: Entry) {
        let number = self.slots.len() as u32;
        let hash = entry.fingerprint.as_hash();
        self.last += 1;
        self.slots.push(Slot {
            place: self.last,
            entry: Some(entry),
        });
        self.index.insert_unique(hash, number, hash_of(&self.slots));
    }

    pub(super) fn remove(&mut self, key: Fingerprint) -> Option<Entry> {
        let found = self.index.find_entry(key.as_hash(), is(&self.slots, key));
        let (number, _) = found.ok()?.remove();
        let entry = self.slots[number as usize].entry.take();
        self.tidy();
        entry
    }

    pub(super) fn remove_last(&mut self) -> Option<Entry> {
        // There are no gaps at the end.
        let last = self.slots.last()?.entry.as_ref()?.fingerprint;
        self.remove(last)
    }

    /// All entries, leaving none. Places go on.
    pub(super) fn take(&mut self) -> Table {
        let last = self.last;
        let all = std::mem::take(self);
        self.last = last;
        all
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.slots[self.front..]
            .iter()
            .filter_map(|slot| slot.entry.as_ref())
    }

    /// The first entry behind a place.
    pub(super) fn after(&self, place: Place) -> Option<(Place, &Entry)> {
        let behind = self.slots.partition_point(|slot| slot.place <= place);
        self.slots[behind.max(self.front)..]
            .iter()
            .find_map(|slot| Some((slot.place, slot.entry.as_ref()?)))
    }

    /// Closes gaps. Each removal pays for a few slots at most, on average.
    fn tidy(&mut self) {
        while self.slots.pop_if(|slot| slot.entry.is_none()).is_some() {}
        self.front = self.front.min(self.slots.len());
        let is_gap = |slot: &Slot| slot.entry.is_none();
        while self.slots.get(self.front).is_some_and(is_gap) {
            self.front += 1;
        }
        let live = self.index.len();
        if self.slots.len() > 2 * live + SLACK {
            self.slots.retain(|slot| slot.entry.is_some());
            self.front = 0;
            self.index.clear();
            for (number, slot) in (0..).zip(&self.slots) {
                self.index
                    .insert_unique(hash(slot), number, hash_of(&self.slots));
            }
        }
        if self.slots.capacity() > 4 * self.slots.len() + SLACK {
            self.slots.shrink_to(2 * self.slots.len());
        }
        if self.index.capacity() > 4 * live + SLACK {
            self.index.shrink_to(2 * live, hash_of(&self.slots));
        }
    }
}

/// Whether a slot's number is that of this key.
fn is(slots: &[Slot], key: Fingerprint) -> impl Fn(&u32) -> bool {
    move |&number| {
        let entry = slots[number as usize].entry.as_ref();
        entry.is_some_and(|entry| entry.fingerprint == key)
    }
}

fn hash_of(slots: &[Slot]) -> impl Fn(&u32) -> u64 {
    move |&number| hash(&slots[number as usize])
}

/// Gaps are not in the index.
fn hash(slot: &Slot) -> u64 {
    let entry = slot.entry.as_ref();
    entry.map_or(0, |entry| entry.fingerprint.as_hash())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Stored;
    use crate::pickle::semantics::Work;
    use inert_pickle::Value;

    fn fingerprint(key: i64) -> Fingerprint {
        Fingerprint::of(&key.into(), &mut Work::default()).unwrap()
    }

    fn entry(key: i64, value: i64) -> Entry {
        let packed = |number: i64| Packed::from(Stored::plain(number.into()));
        Entry {
            fingerprint: fingerprint(key),
            key: packed(key),
            value: packed(value),
        }
    }

    fn number(packed: &Packed) -> i64 {
        packed.clone().value().as_i64().unwrap()
    }

    fn pair(entry: &Entry) -> (i64, i64) {
        (number(&entry.key), number(&entry.value))
    }

    /// The simplest thing that does the same: places, keys and values.
    #[derive(Default)]
    struct Model {
        entries: Vec<(Place, i64, i64)>,
        last: Place,
    }

    impl Model {
        fn remove(&mut self, key: i64) -> Option<(i64, i64)> {
            let at = self.entries.iter().position(|entry| entry.1 == key)?;
            let (_, key, value) = self.entries.remove(at);
            Some((key, value))
        }
    }

    fn check(table: &Table, model: &Model) {
        let entries = model.entries.iter();
        let expected: Vec<(i64, i64)> = entries.map(|&(_, key, value)| (key, value)).collect();
        assert_eq!(table.iter().map(pair).collect::<Vec<_>>(), expected);
        assert_eq!(table.len(), expected.len());
        assert!(table.slots.len() <= 2 * table.len() + SLACK);
        assert!(table.slots.capacity() <= 4 * table.slots.len() + SLACK);
        assert!(table.slots.is_sorted_by(|one, two| one.place < two.place));
    }

    #[test]
    fn it_does_what_a_list_of_pairs_does() {
        for seed in 0..60 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut table, mut model) = (Table::default(), Model::default());
            // Keys that come again, keys that hardly do; growing, then shrinking.
            let keys = [5, 300, 100_000][seed as usize % 3];
            let mut iterator = 0;
            for step in 0..3_000 {
                let key = random.i64(0..keys);
                let grows = step % 1_000 < 600;
                match random.u32(0..100) {
                    0..50 if grows => {
                        let found = model.entries.iter_mut().find(|entry| entry.1 == key);
                        match (table.get_mut(fingerprint(key)), found) {
                            (Some(old), Some(new)) => {
                                old.value = entry(key, step).value;
                                new.2 = step;
                            }
                            (None, None) => {
                                table.push(entry(key, step));
                                model.last += 1;
                                model.entries.push((model.last, key, step));
                            }
                            (table, model) => panic!("{table:?}, {model:?}"),
                        }
                    }
                    0..60 => {
                        let removed = table.remove(fingerprint(key));
                        assert_eq!(removed.as_ref().map(pair), model.remove(key));
                    }
                    // The first: what is used as a queue has its gaps there.
                    60..75 => {
                        let first = model.entries.first().map_or(-1, |entry| entry.1);
                        let removed = table.remove(fingerprint(first));
                        assert_eq!(removed.as_ref().map(pair), model.remove(first));
                    }
                    75..85 => {
                        let last = model.entries.pop().map(|(_, key, value)| (key, value));
                        assert_eq!(table.remove_last().as_ref().map(pair), last);
                    }
                    85 if random.u32(0..20) == 0 => {
                        let all = table.take();
                        assert_eq!(all.len(), model.entries.len());
                        model.entries.clear();
                    }
                    _ => {
                        let mut entries = model.entries.iter();
                        let next = entries.find(|entry| entry.0 > iterator);
                        let found = table.after(iterator);
                        let found = found.map(|(place, entry)| (place, pair(entry)));
                        assert_eq!(found, next.map(|&(place, k, v)| (place, (k, v))));
                        iterator = found.map_or(0, |found| found.0);
                    }
                }
                check(&table, &model);
                let got = table.get(fingerprint(key)).map(pair);
                let entries = model.entries.iter();
                let mut of_key = entries.filter(|entry| entry.1 == key);
                assert_eq!(got, of_key.next().map(|&(_, k, v)| (k, v)));
            }
        }
    }

    /// A slot that grows is memory times a million.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_slot_takes_72_bytes() {
        assert_eq!(size_of::<Packed>(), 24);
        assert_eq!(size_of::<Slot>(), 72);
    }

    #[test]
    fn what_is_removed_gives_its_memory_back() {
        let mut table = Table::default();
        for key in 0..10_000 {
            table.push(entry(key, 0));
        }
        for key in 0..9_999 {
            table.remove(fingerprint(key));
        }
        assert!(table.slots.capacity() <= 4 + SLACK, "{table:?}");
        assert!(table.index.capacity() <= 4 + SLACK, "{table:?}");
        assert_eq!(table.get(fingerprint(9_999)).map(pair), Some((9_999, 0)));
        let value: Value = table.remove_last().unwrap().key.value();
        assert_eq!(value, 9_999.into());
    }
}
