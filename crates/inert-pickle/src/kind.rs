//! What a value is, with its contents.

use std::str;
use std::sync::Arc;

use super::arena::{Arena, Id, Node, Seq};
use super::names;
use super::{Items, Object, Pairs};

/// What a value is, with its contents.
///
/// ```
/// use inert_pickle::{Kind, Value};
///
/// fn depth(value: &Value) -> usize {
///     match value.kind() {
///         Kind::Tuple(items) | Kind::List(items) => {
///             1 + items.map(|item| depth(&item)).max().unwrap_or(0)
///         }
///         _ => 0,
///     }
/// }
/// assert_eq!(depth(&Value::tuple([&Value::list([]), &1.into()])), 2);
/// ```
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// `None`
    None,
    /// `bool`
    Bool(bool),
    /// `int` that fits.
    Int(i64),
    /// `int` that does not: two's complement, little-endian, minimal.
    Long(&'a [u8]),
    /// `float`
    Float(f64),
    /// `str`: UTF-8, except that lone surrogates are encoded too (Python's `surrogatepass`).
    Str(&'a [u8]),
    /// `str` of Python 2: bytes that are often ASCII. Python 3 gets a `str` when they are,
    /// and `bytes` otherwise.
    NativeStr(&'a [u8]),
    /// `bytes`
    Bytes(&'a [u8]),
    /// `bytearray`
    ByteArray(&'a [u8]),
    /// `tuple`
    Tuple(Items<'a>),
    /// `list`
    List(Items<'a>),
    /// `dict`, in order
    Dict(Pairs<'a>),
    /// `set`
    Set(Items<'a>),
    /// `frozenset`
    FrozenSet(Items<'a>),
    /// A class or function by name, always by Python 3's names (`builtins`, not
    /// `__builtin__`).
    Global {
        /// Its module.
        module: &'a str,
        /// Its qualified name.
        name: &'a str,
    },
    /// What Python would make by a call; here it stays a description of it.
    Object(Object<'a>),
}

impl<'a> Kind<'a> {
    pub(super) fn of(arena: &'a Arc<Arena>, id: Id) -> Kind<'a> {
        let items = |seq: Seq| Items {
            arena,
            ids: arena.links(seq),
        };
        match arena.node(id) {
            Node::None => Kind::None,
            Node::Bool(value) => Kind::Bool(value),
            Node::Int(value) => Kind::Int(value),
            Node::Float(value) => Kind::Float(value),
            Node::Long(span) => Kind::Long(arena.bytes(span)),
            Node::Str(span) => Kind::Str(arena.bytes(span)),
            Node::Native(span) => Kind::NativeStr(arena.bytes(span)),
            Node::Bytes(span) => Kind::Bytes(arena.bytes(span)),
            Node::ByteArray(span) => Kind::ByteArray(arena.bytes(span)),
            Node::Tuple(seq) => Kind::Tuple(items(seq)),
            Node::List(seq) => Kind::List(items(seq)),
            Node::Dict(seq) => Kind::Dict(Pairs {
                arena,
                ids: arena.links(seq),
            }),
            Node::Set(seq) => Kind::Set(items(seq)),
            Node::FrozenSet(seq) => Kind::FrozenSet(items(seq)),
            Node::Global { old, module, name } => {
                let (module, name) = (arena.plain_str(module), arena.plain_str(name));
                let (module, name) = if old {
                    names::to_python_3(module, name)
                } else {
                    (module, name)
                };
                Kind::Global { module, name }
            }
            Node::Object(how, seq) => Kind::Object(Object {
                arena,
                how,
                links: arena.links(seq),
            }),
        }
    }

    /// A `str` without lone surrogates, or a `str` of Python 2 in ASCII.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Kind::Str(text) => str::from_utf8(text).ok(),
            Kind::NativeStr(text) if text.is_ascii() => str::from_utf8(text).ok(),
            _ => None,
        }
    }
}

pub(super) fn scalar_name(node: Node) -> &'static str {
    match node {
        Node::None => "NoneType",
        Node::Bool(_) => "bool",
        Node::Int(_) | Node::Long(_) => "int",
        Node::Float(_) => "float",
        Node::Str(_) | Node::Native(_) => "str",
        Node::Bytes(_) => "bytes",
        Node::ByteArray(_) => "bytearray",
        Node::Tuple(_) => "tuple",
        Node::List(_) => "list",
        Node::Dict(_) => "dict",
        Node::Set(_) => "set",
        Node::FrozenSet(_) => "frozenset",
        Node::Global { .. } => "type",
        Node::Object(..) => "object",
    }
}

/// Python's name of a node's type.
pub(super) fn type_name(arena: &Arena, node: Node) -> &str {
    match node {
        Node::Object(_, seq) => match arena.node(arena.links(seq)[0]) {
            Node::Global { name, .. } => arena.plain_str(name),
            _ => "object",
        },
        Node::Global { module, name, .. } => {
            match (arena.plain_str(module), arena.plain_str(name)) {
                ("builtins" | "__builtin__", "Ellipsis") => "ellipsis",
                ("builtins" | "__builtin__", "NotImplemented") => "NotImplementedType",
                _ => "type",
            }
        }
        node => scalar_name(node),
    }
}
