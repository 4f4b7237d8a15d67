//! From a value to Rust.

use std::cell::Cell;

use serde::de::{self, DeserializeOwned, Unexpected, Visitor};

use super::super::arena::{Arena, Id, Node};
use super::super::value::Repr;
use super::super::{Error, Value, long, names};
use super::access::{Entries, List, Variant};

/// Levels of nesting: unlike the rest of this codec, serde needs the stack for them.
const DEPTH: u32 = 128;
/// Bytes that may become of any value. More only up to four times its weight: what is
/// shared becomes a copy at every place, and lists of shared lists can stand for more
/// than any memory holds.
const FREE: usize = 4 << 20;
/// What each part costs, beside its text.
const PART: usize = 8;

pub(super) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    let alone = Arena::default();
    let (arena, node) = match &value.0 {
        Repr::Scalar(node) => (&alone, *node),
        Repr::InArena(arena, id) => (&**arena, arena.node(*id)),
    };
    let left = Cell::new(FREE + 4 * arena.weight());
    T::deserialize(Deserializer {
        arena,
        node,
        depth: DEPTH,
        left: &left,
    })
}

/// A node to be turned into something.
#[derive(Clone, Copy)]
pub(super) struct Deserializer<'a> {
    pub(super) arena: &'a Arena,
    pub(super) node: Node,
    depth: u32,
    /// Bytes that may still be made.
    left: &'a Cell<usize>,
}

impl<'a> Deserializer<'a> {
    /// A part of this value.
    pub(super) fn part(self, id: Id) -> Result<Deserializer<'a>, Error> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(Error::Data(format!(
                "a value nested deeper than {DEPTH} levels"
            )));
        };
        let node = self.arena.node(id);
        let text = match node {
            Node::Long(span)
            | Node::Str(span)
            | Node::Native(span)
            | Node::Bytes(span)
            | Node::ByteArray(span) => span.len as usize,
            _ => 0,
        };
        let Some(left) = self.left.get().checked_sub(PART + text) else {
            return Err(Error::Data(
                "a value that is too large when written out".to_owned(),
            ));
        };
        self.left.set(left);
        Ok(Deserializer {
            node,
            depth,
            ..self
        })
    }

    fn visit_text<'de, V: Visitor<'de>>(self, bytes: &[u8], visitor: V) -> Result<V::Value, Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => visitor.visit_str(text),
            Err(_) => Err(Error::Data("a str with lone surrogates".to_owned())),
        }
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let arena = self.arena;
        match self.node {
            Node::None => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Int(value) => visitor.visit_i64(value),
            Node::Float(value) => visitor.visit_f64(value),
            Node::Long(span) => match long::to_128(arena.bytes(span)) {
                Some(long::Wide::Positive(value)) => match u64::try_from(value) {
                    Ok(value) => visitor.visit_u64(value),
                    Err(_) => visitor.visit_u128(value),
                },
                Some(long::Wide::Negative(value)) => visitor.visit_i128(value),
                None => Err(Error::Data("an int of more than 128 bits".to_owned())),
            },
            Node::Str(span) => self.visit_text(arena.bytes(span), visitor),
            Node::Native(span) if arena.bytes(span).is_ascii() => {
                self.visit_text(arena.bytes(span), visitor)
            }
            Node::Native(span) | Node::Bytes(span) | Node::ByteArray(span) => {
                visitor.visit_bytes(arena.bytes(span))
            }
            Node::Tuple(seq) | Node::List(seq) | Node::Set(seq) | Node::FrozenSet(seq) => visitor
                .visit_seq(List {
                    of: self,
                    ids: arena.links(seq),
                }),
            Node::Dict(seq) => visitor.visit_map(Entries {
                of: self,
                ids: arena.links(seq),
            }),
            Node::Global { old, module, name } => {
                let (module, name) = (arena.plain_str(module), arena.plain_str(name));
                let (module, name) = if old {
                    names::to_python_3(module, name)
                } else {
                    (module, name)
                };
                Err(Error::Data(format!(
                    "{module}.{name} is a name, not plain data"
                )))
            }
            Node::Object(..) => Err(Error::Data("an object, not plain data".to_owned())),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    /// An int is a float where one is wanted, as in Python.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Int(value) => visitor.visit_f64(value as f64),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Native(span) => visitor.visit_bytes(self.arena.bytes(span)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::None => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node {
            Node::Dict(seq) => match *self.arena.links(seq) {
                [name, content] => {
                    let (name, content) = (self.part(name)?, self.part(content)?);
                    visitor.visit_enum(Variant {
                        name,
                        content: Some(content),
                    })
                }
                _ => Err(de::Error::invalid_type(
                    Unexpected::Map,
                    &"a dict of one entry",
                )),
            },
            _ => visitor.visit_enum(Variant {
                name: self,
                content: None,
            }),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}
