//! The parts of a value, as serde asks for them.

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::super::Error;
use super::super::arena::Id;
use super::de::Deserializer;

/// The elements of a sequence.
pub(super) struct List<'a> {
    pub(super) of: Deserializer<'a>,
    pub(super) ids: &'a [Id],
}

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((&id, rest)) = self.ids.split_first() else {
            return Ok(None);
        };
        self.ids = rest;
        seed.deserialize(self.of.part(id)?).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.ids.len())
    }
}

/// The entries of a dict: keys and values in turn.
pub(super) struct Entries<'a> {
    pub(super) of: Deserializer<'a>,
    pub(super) ids: &'a [Id],
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(&key) = self.ids.first() else {
            return Ok(None);
        };
        seed.deserialize(self.of.part(key)?).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((&[_, value], rest)) = self.ids.split_first_chunk() else {
            return Err(Error::Data("a key without a value".to_owned()));
        };
        self.ids = rest;
        seed.deserialize(self.of.part(value)?)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.ids.len() / 2)
    }
}

/// One case of an enum.
pub(super) struct Variant<'a> {
    pub(super) name: Deserializer<'a>,
    pub(super) content: Option<Deserializer<'a>>,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        Ok((seed.deserialize(self.name)?, self))
    }
}

impl<'a> Variant<'a> {
    fn content(self) -> Result<Deserializer<'a>, Error> {
        self.content
            .ok_or_else(|| Error::Data("a variant without its content".to_owned()))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Error::Data(
                "content for a variant that has none".to_owned(),
            )),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.content()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content()?.deserialize_any(visitor)
    }
}
