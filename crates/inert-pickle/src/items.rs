//! What is inside a value: elements, entries, and how an object would be made.

use std::sync::Arc;

use super::arena::{APPENDED, Arena, BUILT, CALLED, How, Id};
use super::{Kind, Value};

/// The elements of a tuple, list or set: an iterator of [`Value`]s.
///
/// ```
/// use inert_pickle::Value;
///
/// let row = Value::list([&1.into(), &"two".into()]);
/// let items = row.as_sequence().ok_or("not a sequence")?;
/// assert_eq!(items.len(), 2);
/// let shown: Vec<String> = items.map(|item| item.repr(75)).collect();
/// assert_eq!(shown, ["1", "'two'"]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Items<'a> {
    pub(super) arena: &'a Arc<Arena>,
    pub(super) ids: &'a [Id],
}

impl<'a> Items<'a> {
    /// How many are left.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The element at `index`, counted from the next one.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.ids.get(index).map(|&id| Value::at(self.arena, id))
    }

    /// What the element at `index` is: borrowed for as long as the container is.
    pub fn kind(&self, index: usize) -> Option<Kind<'a>> {
        self.ids.get(index).map(|&id| Kind::of(self.arena, id))
    }
}

impl Iterator for Items<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let (&id, rest) = self.ids.split_first()?;
        self.ids = rest;
        Some(Value::at(self.arena, id))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ids.len(), Some(self.ids.len()))
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The entries of a dict in order: an iterator of key and value.
///
/// ```
/// use inert_pickle::{Limits, read};
///
/// // {'a': 1, 'b': 2}
/// let dict = read(b"}(X\x01\0\0\0aK\x01X\x01\0\0\0bK\x02u.", &Limits::default())?;
/// let entries = dict.as_dict().ok_or("not a dict")?;
/// assert_eq!(entries.get("b").and_then(|value| value.as_i64()), Some(2));
/// for (key, value) in entries {
///     println!("{key:?}: {value:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    pub(super) arena: &'a Arc<Arena>,
    /// Keys and values in turn: a dict's links are always even in number.
    pub(super) ids: &'a [Id],
}

impl<'a> Pairs<'a> {
    /// How many are left.
    pub fn len(&self) -> usize {
        self.ids.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The value of a string key: the last one, as later entries replace earlier ones.
    pub fn get(&self, key: &str) -> Option<Value> {
        let mut entries = self.ids.chunks_exact(2).rev();
        let entry = entries.find(|entry| self.arena.is_str(entry[0], key))?;
        Some(Value::at(self.arena, entry[1]))
    }

    /// What the keys are, in order.
    pub fn keys(&self) -> impl Iterator<Item = Kind<'a>> + use<'a> {
        let arena = self.arena;
        let keys = self.ids.iter().step_by(2);
        keys.map(move |&key| Kind::of(arena, key))
    }
}

impl Iterator for Pairs<'_> {
    type Item = (Value, Value);

    fn next(&mut self) -> Option<(Value, Value)> {
        let (&[key, value], rest) = self.ids.split_first_chunk()?;
        self.ids = rest;
        Some((Value::at(self.arena, key), Value::at(self.arena, value)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

/// A call that would make an object (REDUCE, NEWOBJ or NEWOBJ_EX), and what is then done
/// to the object.
///
/// ```
/// use inert_pickle::{Kind, Limits, read};
///
/// // os.system('reboot')
/// let value = read(b"cos\nsystem\nX\x06\0\0\0reboot\x85R.", &Limits::default())?;
/// if let Kind::Object(object) = value.kind() {
///     assert_eq!(object.callable().repr(75), "<class 'os.system'>");
///     assert_eq!(object.args().repr(75), "('reboot',)");
///     assert!(object.is_call() && object.changes().next().is_none());
/// }
/// # Ok::<(), inert_pickle::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Object<'a> {
    pub(super) arena: &'a Arc<Arena>,
    pub(super) how: How,
    /// At least callable, args, kwargs.
    pub(super) links: &'a [Id],
}

/// One thing done to an object after it was made: see [`Object::changes`].
#[derive(Clone, Debug)]
pub enum Change {
    /// `object.append(value)`
    Append(Value),
    /// `object[key] = value`
    SetItem(Value, Value),
    /// `object.__setstate__(value)`, or its attributes set from a dict.
    State(Value),
    /// A call made for its effect, like `state_setter(object, state)`.
    Call(Value),
}

impl Object<'_> {
    /// What would be called, or whose instance would be made.
    pub fn callable(&self) -> Value {
        Value::at(self.arena, self.links[0])
    }

    /// The arguments: a tuple, unless the sender wrote nonsense.
    pub fn args(&self) -> Value {
        Value::at(self.arena, self.links[1])
    }

    /// The keyword arguments of a new instance: a dict.
    pub fn kwargs(&self) -> Option<Value> {
        (self.how == How::NewEx).then(|| Value::at(self.arena, self.links[2]))
    }

    /// Whether `callable` is called itself, rather than its `__new__`.
    pub fn is_call(&self) -> bool {
        self.how == How::Reduce
    }

    /// The state given to the object, if any.
    pub fn state(&self) -> Option<Value> {
        self.changes().find_map(|change| match change {
            Change::State(state) => Some(state),
            _ => None,
        })
    }

    /// What is done to the object after it was made, in order.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        self.links[3..].chunks_exact(2).map(|change| {
            let value = Value::at(self.arena, change[0]);
            match change[1] {
                APPENDED => Change::Append(value),
                BUILT => Change::State(value),
                CALLED => Change::Call(value),
                entry => Change::SetItem(value, Value::at(self.arena, entry)),
            }
        })
    }
}
