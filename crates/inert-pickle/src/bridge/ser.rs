//! From Rust to a value.
//!
//! Every `serialize_…` gives a node that is not in the arena yet: its place there is
//! taken by whoever refers to it.

use serde::ser::{
    self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};

use super::super::arena::{Id, Node, Seq};
use super::super::build::NewArena;
use super::super::{Error, long};

pub(super) struct Serializer<'b> {
    pub(super) to: &'b mut NewArena,
}

impl<'b> Serializer<'b> {
    fn parts(
        self,
        node: fn(Seq) -> Node,
        variant: Option<&str>,
        room: usize,
    ) -> Result<Parts<'b>, Error> {
        let variant = variant.map(|name| self.to.text(name)).transpose()?;
        // A length that someone claims is a hint at most.
        let ids = Vec::with_capacity(room.min(1024));
        Ok(Parts {
            to: self.to,
            node,
            variant,
            ids,
        })
    }

    fn entry(self, variant: &str, content: Node) -> Result<Node, Error> {
        let name = self.to.text(variant)?;
        let content = self.to.arena.add(content)?;
        Ok(Node::Dict(self.to.arena.add_links(&[name, content])?))
    }

    fn long(self, bytes: [u8; 17]) -> Result<Node, Error> {
        Ok(match long::minimal(&bytes) {
            Ok(value) => Node::Int(value),
            Err(bytes) => Node::Long(self.to.arena.add_text(bytes)?),
        })
    }
}

macro_rules! as_int {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, value: $type) -> Result<Node, Error> {
            Ok(Node::Int(i64::from(value)))
        })*
    };
}

impl<'b> ser::Serializer for Serializer<'b> {
    type Ok = Node;
    type Error = Error;
    type SerializeSeq = Parts<'b>;
    type SerializeTuple = Parts<'b>;
    type SerializeTupleStruct = Parts<'b>;
    type SerializeTupleVariant = Parts<'b>;
    type SerializeMap = Parts<'b>;
    type SerializeStruct = Parts<'b>;
    type SerializeStructVariant = Parts<'b>;

    as_int! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32)
    }

    fn serialize_u64(self, value: u64) -> Result<Node, Error> {
        self.serialize_u128(u128::from(value))
    }

    fn serialize_i128(self, value: i128) -> Result<Node, Error> {
        let mut bytes = [if value < 0 { 0xff } else { 0 }; 17];
        bytes[..16].copy_from_slice(&value.to_le_bytes());
        self.long(bytes)
    }

    fn serialize_u128(self, value: u128) -> Result<Node, Error> {
        let mut bytes = [0; 17];
        bytes[..16].copy_from_slice(&value.to_le_bytes());
        self.long(bytes)
    }

    fn serialize_bool(self, value: bool) -> Result<Node, Error> {
        Ok(Node::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Result<Node, Error> {
        Ok(Node::Float(f64::from(value)))
    }

    fn serialize_f64(self, value: f64) -> Result<Node, Error> {
        Ok(Node::Float(value))
    }

    fn serialize_char(self, value: char) -> Result<Node, Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<Node, Error> {
        Ok(Node::Str(self.to.arena.add_text(text.as_bytes())?))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Node, Error> {
        Ok(Node::Bytes(self.to.arena.add_text(bytes)?))
    }

    fn serialize_none(self) -> Result<Node, Error> {
        Ok(Node::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Node, Error> {
        Ok(Node::None)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Node, Error> {
        Ok(Node::None)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Node, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        let content = value.serialize(Serializer { to: self.to })?;
        self.entry(variant, content)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Parts<'b>, Error> {
        self.parts(Node::List, None, length.unwrap_or(0))
    }

    fn serialize_tuple(self, length: usize) -> Result<Parts<'b>, Error> {
        self.parts(Node::Tuple, None, length)
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Parts<'b>, Error> {
        self.parts(Node::Tuple, None, length)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Parts<'b>, Error> {
        self.parts(Node::Tuple, Some(variant), length)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Parts<'b>, Error> {
        self.parts(Node::Dict, None, length.unwrap_or(0).saturating_mul(2))
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Parts<'b>, Error> {
        self.parts(Node::Dict, None, length.saturating_mul(2))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Parts<'b>, Error> {
        self.parts(Node::Dict, Some(variant), length.saturating_mul(2))
    }
}

/// A container whose parts are still coming.
pub(super) struct Parts<'b> {
    to: &'b mut NewArena,
    node: fn(Seq) -> Node,
    variant: Option<Id>,
    ids: Vec<Id>,
}

impl Parts<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let node = value.serialize(Serializer { to: self.to })?;
        self.ids.push(self.to.arena.add(node)?);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.ids.push(self.to.text(name)?);
        self.part(value)
    }

    fn finish(self) -> Result<Node, Error> {
        let node = (self.node)(self.to.arena.add_links(&self.ids)?);
        let Some(name) = self.variant else {
            return Ok(node);
        };
        let content = self.to.arena.add(node)?;
        Ok(Node::Dict(self.to.arena.add_links(&[name, content])?))
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident)*) => {
        $(impl $trait for Parts<'_> {
            type Ok = Node;
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.part(value)
            }
            fn end(self) -> Result<Node, Error> {
                self.finish()
            }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! fields {
    ($($trait:ident)*) => {
        $(impl $trait for Parts<'_> {
            type Ok = Node;
            type Error = Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }
            fn end(self) -> Result<Node, Error> {
                self.finish()
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Parts<'_> {
    type Ok = Node;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.part(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.part(value)
    }

    fn end(self) -> Result<Node, Error> {
        self.finish()
    }
}
