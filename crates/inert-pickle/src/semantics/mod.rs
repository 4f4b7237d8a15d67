//! Python's `==`, `hash` and `<` for values that stay data.
//!
//! Nothing is executed, and yet a dict with these keys, a sorted list, a priority queue
//! behave as Python's would. Numbers are equal by their exact value, whatever their type
//! (`1 == 1.0 == True == Decimal('1.0')`), a `bytearray` equals `bytes`, a `set` a
//! `frozenset`, a named tuple the tuple of its fields. What `datetime`, `decimal`,
//! `fractions`, `uuid` and NumPy's scalars are worth is read from their pickles.
//!
//! ```
//! use std::collections::HashMap;
//! use inert_pickle::Value;
//! use inert_pickle::semantics::{CompareError, Key, Work, equal, less, sort};
//!
//! # fn main() -> Result<(), CompareError> {
//! let mut work = Work::default();
//! let mut dict = HashMap::new();
//! dict.insert(Key::new(1.into(), &mut work)?, "one");
//! assert_eq!(dict.get(&Key::new(1.0.into(), &mut work)?), Some(&"one"));
//!
//! let error = Key::new(Value::list([]), &mut work).unwrap_err();
//! assert_eq!(error.to_string(), "unhashable type: 'list'");
//!
//! assert!(!equal(&"a".into(), &Value::bytes(b"a"), &mut work)?);
//! assert!(less(&Value::tuple([&1.into()]), &Value::tuple([&1.5.into()]), &mut work)?);
//!
//! let mut list = [3.into(), 1.5.into(), Value::from(2)];
//! sort(&mut list, false, &mut work)?;
//! assert_eq!(list, [1.5.into(), 2.into(), Value::from(3)]);
//! let error = less(&1.into(), &"a".into(), &mut work).unwrap_err();
//! assert_eq!(error.to_string(), "'<' not supported between instances of 'int' and 'str'");
//! # Ok(())
//! # }
//! ```
//!
//! **Where it differs**, because only a class's own code could know:
//! - An instance is equal to one that is written the same: class, arguments, state. In
//!   Python it may be equal to itself alone, and, as each request makes a new one, would
//!   never be found again in a dict.
//! - A member of a user's `IntEnum` looks like one of an `Enum`: it is equal to itself and
//!   not to its number. Members of one class are ordered by number, also those of a plain
//!   `Enum`, which Python does not order.
//! - A named tuple of one field looks like a subclass of `int`, `str` or `tuple`: such are
//!   compared as instances.
//! - Datetimes in time zones from `zoneinfo` are equal when zone and local time are.
//! - `Decimal`s and `Fraction`s of more than 400 digits are equal when written the same.
//! - Cyclic values are compared by their shape, where Python gives up with a
//!   `RecursionError`.
//!
//! **Work** is charged in bytes, and bounded by what the caller allows.

mod calendar;
mod digest;
mod key;
mod meaning;
mod natural;
mod number;
mod numpy;
mod order;
mod sip;
mod sort;
mod walk;

use thiserror::Error;

use crate::Value;
use crate::arena::{Arena, Id, Node, Seq};
use crate::value::Repr;

pub use key::{Fingerprint, Key};
pub use sort::{order, sort};

/// Why two values could not be compared, or one not hashed.
///
/// ```
/// use inert_pickle::Value;
/// use inert_pickle::semantics::{CompareError, Work, less};
///
/// let error = less(&Value::none(), &1.into(), &mut Work::default()).unwrap_err();
/// assert!(matches!(error, CompareError::Type(_)));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompareError {
    /// What Python would raise as `TypeError`: its text.
    #[error("{0}")]
    Type(String),
    /// More work than was allowed.
    #[error("values too large to be compared: gave up after {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
}

/// How much may be looked at: each byte of text or number that is compared or hashed
/// counts, and each part of a container counts 16.
///
/// ```
/// use inert_pickle::Value;
/// use inert_pickle::semantics::{CompareError, Work, equal};
///
/// let text = Value::from("x".repeat(1000).as_str());
/// let error = equal(&text, &text.detach(), &mut Work::new(100)).unwrap_err();
/// assert_eq!(error, CompareError::TooLarge { limit: 100 });
/// ```
#[derive(Clone, Debug)]
pub struct Work {
    left: u64,
    limit: u64,
}

impl Work {
    /// At most this many bytes.
    pub fn new(bytes: u64) -> Work {
        Work {
            left: bytes,
            limit: bytes,
        }
    }

    /// Bytes looked at so far.
    pub fn spent(&self) -> u64 {
        self.limit - self.left
    }

    fn spend(&mut self, bytes: usize) -> Result<(), CompareError> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(CompareError::TooLarge { limit: self.limit }),
        }
    }
}

impl Default for Work {
    /// 256 MiB: some tenths of a second at most.
    fn default() -> Work {
        Work::new(256 << 20)
    }
}

/// Python's `left == right`.
///
/// # Errors
/// [`CompareError::TooLarge`].
pub fn equal(left: &Value, right: &Value, work: &mut Work) -> Result<bool, CompareError> {
    let none = Arena::default();
    order::equal(Borrowed::of(left, &none), Borrowed::of(right, &none), work)
}

/// Python's `left < right`.
///
/// # Errors
/// The `TypeError` that Python would raise; [`CompareError::TooLarge`].
pub fn less(left: &Value, right: &Value, work: &mut Work) -> Result<bool, CompareError> {
    let none = Arena::default();
    order::less(Borrowed::of(left, &none), Borrowed::of(right, &none), work)
}

/// A value, borrowed.
#[derive(Clone, Copy, Debug)]
struct Borrowed<'a> {
    arena: &'a Arena,
    node: Node,
    /// None for what is in no arena.
    id: Option<Id>,
}

impl<'a> Borrowed<'a> {
    fn of(value: &'a Value, none: &'a Arena) -> Borrowed<'a> {
        match &value.0 {
            Repr::Scalar(node) => Borrowed {
                arena: none,
                node: *node,
                id: None,
            },
            Repr::InArena(arena, id) => Borrowed {
                arena,
                node: arena.node(*id),
                id: Some(*id),
            },
        }
    }

    fn part(self, id: Id) -> Borrowed<'a> {
        Borrowed {
            node: self.arena.node(id),
            id: Some(id),
            ..self
        }
    }

    fn parts(self, seq: Seq) -> impl Iterator<Item = Borrowed<'a>> + use<'a> {
        let ids = self.arena.links(seq).iter();
        ids.map(move |&id| self.part(id))
    }

    fn at(self, seq: Seq, index: usize) -> Option<Borrowed<'a>> {
        self.arena.links(seq).get(index).map(|&id| self.part(id))
    }

    /// Its number, if there may be several ways to it, and it takes time to compare.
    fn shared_id(self) -> Option<Id> {
        let is_small = matches!(
            self.node,
            Node::None | Node::Bool(_) | Node::Int(_) | Node::Float(_)
        );
        self.id.filter(|&id| !is_small && self.arena.is_shared(id))
    }

    /// The same object: equal without looking. Numbers are not: a NaN is equal to nothing.
    fn is(&self, other: &Borrowed<'_>) -> bool {
        let has_identity = !matches!(self.node, Node::Float(_));
        has_identity
            && self.id.is_some()
            && self.id == other.id
            && std::ptr::eq(self.arena, other.arena)
    }
}

/// What Python calls a value's type where it complains about it: with its module, if it
/// is written in C.
fn type_name(arena: &Arena, node: Node) -> String {
    let Node::Object(how, seq) = node else {
        return crate::kind::type_name(arena, node).to_owned();
    };
    let Some(call) = meaning::call(arena, how, seq) else {
        return crate::kind::type_name(arena, node).to_owned();
    };
    match (call.module, call.name) {
        ("datetime" | "decimal" | "array", name)
        | ("collections", name @ ("deque" | "OrderedDict" | "defaultdict")) => {
            format!("{}.{name}", call.module)
        }
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
            "numpy.ndarray".to_owned()
        }
        (_, name) => name.rsplit('.').next().unwrap_or(name).to_owned(),
    }
}
