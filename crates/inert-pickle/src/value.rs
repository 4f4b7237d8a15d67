//! A value in a pickle, and what can be asked of it.

use std::fmt;
use std::str;
use std::sync::Arc;

use super::arena::{Arena, Id, Node};
use super::kind::{scalar_name, type_name};
use super::names;
use super::semantics::{self, CompareError, Work};
use super::{Items, Kind, Pairs};

/// A Python value as data: cheap to clone, shared between threads, with identity (what
/// is shared or cyclic in a pickle stays so).
///
/// A value taken out of a message keeps the whole message in memory; see
/// [`detach`](Value::detach).
///
/// ```
/// use inert_pickle::{Limits, Value, read, write};
///
/// let point = Value::tuple([&3.into(), &4.5.into()]);
/// assert_eq!(point.repr(75), "(3, 4.5)");
/// let back = read(&write(&point, 4)?, &Limits::default())?;
/// assert_eq!(back, point);
/// assert_eq!(back.type_name(), "tuple");
/// # Ok::<(), inert_pickle::Error>(())
/// ```
#[derive(Clone)]
pub struct Value(pub(super) Repr);

/// Where a value is.
#[derive(Clone)]
pub(super) enum Repr {
    /// Here: `None`, a bool, an int of 64 bits, a float. Nothing is allocated for these.
    Scalar(Node),
    /// A node of an arena.
    InArena(Arc<Arena>, Id),
}

impl Value {
    pub(super) fn at(arena: &Arc<Arena>, id: Id) -> Value {
        match arena.node(id) {
            node @ (Node::None | Node::Bool(_) | Node::Int(_) | Node::Float(_)) => {
                Value(Repr::Scalar(node))
            }
            _ => Value(Repr::InArena(Arc::clone(arena), id)),
        }
    }

    pub(super) fn node(&self) -> Node {
        match &self.0 {
            Repr::Scalar(node) => *node,
            Repr::InArena(arena, id) => arena.node(*id),
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind<'_> {
        let Repr::InArena(arena, id) = &self.0 else {
            return match self.node() {
                Node::Bool(value) => Kind::Bool(value),
                Node::Int(value) => Kind::Int(value),
                Node::Float(value) => Kind::Float(value),
                _ => Kind::None,
            };
        };
        Kind::of(arena, *id)
    }

    /// Python's name of its type: `int`, `str`, `list`; of an object, its class's name.
    pub fn type_name(&self) -> &str {
        match &self.0 {
            Repr::Scalar(node) => scalar_name(*node),
            Repr::InArena(arena, id) => type_name(arena, arena.node(*id)),
        }
    }

    /// Python's `self == other`. See [`semantics`](crate::semantics).
    ///
    /// # Errors
    /// [`CompareError::TooLarge`], where both stand for far more than there is.
    pub fn equals(&self, other: &Value) -> Result<bool, CompareError> {
        semantics::equal(self, other, &mut self.work(other))
    }

    /// Python's `self < other`. See [`semantics`](crate::semantics).
    ///
    /// # Errors
    /// The `TypeError` that Python would raise; [`CompareError::TooLarge`], where both
    /// stand for far more than there is.
    pub fn less_than(&self, other: &Value) -> Result<bool, CompareError> {
        semantics::less(self, other, &mut self.work(other))
    }

    /// Enough for any two values that share nothing within themselves.
    fn work(&self, other: &Value) -> Work {
        Work::new((1 << 20) + 4 * (self.memory() + other.memory()) as u64)
    }

    /// Python's `self is other`, for what is shared within one message.
    pub fn is(&self, other: &Value) -> bool {
        match (&self.0, &other.0) {
            (Repr::InArena(arena, id), Repr::InArena(other, other_id)) => {
                Arc::ptr_eq(arena, other) && id == other_id
            }
            _ => false,
        }
    }

    /// Bytes of memory that this value keeps, roughly: all of the message that
    /// it came in, unless it was [`detach`](Value::detach)ed.
    pub fn memory(&self) -> usize {
        match &self.0 {
            Repr::Scalar(_) => 0,
            Repr::InArena(arena, _) => arena.memory(),
        }
    }

    /// The objects in this value that a call of `name` in `module` would make.
    /// A value that is not detached may be told of others in its message.
    pub fn made_by(&self, module: &str, name: &str) -> Vec<Value> {
        let Repr::InArena(arena, _) = &self.0 else {
            return Vec::new();
        };
        let ids = (0..).zip(&arena.nodes);
        ids.filter_map(|(id, node)| match node {
            Node::Object(..) => Some(Value::at(arena, id)),
            _ => None,
        })
        .filter(|value| {
            let made = value.as_call();
            made.is_some_and(|(of, by, _)| (of, by) == (module, name))
        })
        .collect()
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self.node(), Node::None)
    }

    /// A `bool` or an `int` that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.node() {
            Node::Bool(value) => Some(i64::from(value)),
            Node::Int(value) => Some(value),
            _ => None,
        }
    }

    /// A `bool`, an `int` of 64 bits or a `float` as a float.
    pub fn as_f64(&self) -> Option<f64> {
        match self.node() {
            Node::Bool(value) => Some(f64::from(u8::from(value))),
            Node::Int(value) => Some(value as f64),
            Node::Float(value) => Some(value),
            _ => None,
        }
    }

    /// A `str` without lone surrogates, or a `str` of Python 2 in ASCII.
    pub fn as_str(&self) -> Option<&str> {
        self.kind().as_str()
    }

    /// `bytes`, `bytearray` or a `str` of Python 2.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self.kind() {
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) | Kind::NativeStr(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements of a tuple or list.
    pub fn as_sequence(&self) -> Option<Items<'_>> {
        match self.kind() {
            Kind::Tuple(items) | Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dict.
    pub fn as_dict(&self) -> Option<Pairs<'_>> {
        match self.kind() {
            Kind::Dict(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// Module, name and arguments of what is made by calling something named, like an
    /// exception: `("builtins", "ValueError", …)`. Python 3's names.
    pub fn as_call(&self) -> Option<(&str, &str, Items<'_>)> {
        let Repr::InArena(arena, _) = &self.0 else {
            return None;
        };
        let Kind::Object(object) = self.kind() else {
            return None;
        };
        let (Node::Global { old, module, name }, Node::Tuple(args)) =
            (arena.node(object.links[0]), arena.node(object.links[1]))
        else {
            return None;
        };
        let (module, name) = (arena.plain_str(module), arena.plain_str(name));
        let (module, name) = if old {
            names::to_python_3(module, name)
        } else {
            (module, name)
        };
        Some((
            module,
            name,
            Items {
                arena,
                ids: arena.links(args),
            },
        ))
    }

    /// Python's `bool(value)`; what is symbolic is true.
    pub fn is_truthy(&self) -> bool {
        match self.kind() {
            Kind::None | Kind::Bool(false) | Kind::Int(0) => false,
            Kind::Float(value) => value != 0.0,
            Kind::Str(bytes)
            | Kind::NativeStr(bytes)
            | Kind::Bytes(bytes)
            | Kind::ByteArray(bytes) => !bytes.is_empty(),
            Kind::Tuple(items) | Kind::List(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
                !items.is_empty()
            }
            Kind::Dict(pairs) => !pairs.is_empty(),
            _ => true,
        }
    }
}

impl Default for Value {
    /// `None`
    fn default() -> Value {
        Value::none()
    }
}

impl fmt::Debug for Value {
    /// The value as Python shows it, cut to 200 characters.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repr(200))
    }
}

impl Arena {
    /// The text of a str node: the names of a global are checked to be such when it is made.
    pub(super) fn plain_str(&self, id: Id) -> &str {
        match self.node(id) {
            Node::Str(span) => str::from_utf8(self.bytes(span)).unwrap_or_default(),
            _ => "",
        }
    }

    /// Whether a node is this str. Its bytes are looked at only if there are as many.
    pub(super) fn is_str(&self, id: Id, text: &str) -> bool {
        match self.node(id) {
            Node::Str(span) | Node::Native(span) => {
                span.len as usize == text.len() && self.bytes(span) == text.as_bytes()
            }
            _ => false,
        }
    }
}
