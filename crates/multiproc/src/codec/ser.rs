//! From a value to bytes.

use serde::ser::{self, Serialize, Serializer};

use super::{Error, PREFIX, slices};
use crate::copy;

/// Lengths from this one on take nine bytes.
pub(super) const LONG: u8 = 255;

pub(super) struct Writer<'a> {
    pub(super) out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn length(&mut self, length: u64) {
        match u8::try_from(length) {
            Ok(short) if short != LONG => self.out.push(short),
            _ => {
                self.out.push(LONG);
                self.out.extend_from_slice(&length.to_le_bytes());
            }
        }
    }
}

/// The bytes of a length: an array, and how many of them.
pub(super) fn length(length: u64) -> ([u8; PREFIX], usize) {
    let mut bytes = [LONG; PREFIX];
    match u8::try_from(length) {
        Ok(short) if short != LONG => {
            bytes[0] = short;
            (bytes, 1)
        }
        _ => {
            bytes[1..].copy_from_slice(&length.to_le_bytes());
            (bytes, PREFIX)
        }
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<(), Error> {
                self.out.extend_from_slice(&value.to_le_bytes());
                Ok(())
            }
        )*
    };
}

impl<'a, 'w> Serializer for &'a mut Writer<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Counted<'a, 'w>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Counted<'a, 'w>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_i128 i128, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_u128 u128, serialize_f32 f32, serialize_f64 f64
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.serialize_u8(value.into())
    }

    #[inline]
    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_u32(value.into())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.serialize_bytes(value.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.length(value.len() as u64);
        copy::append(self.out, value);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_u8(0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
    ) -> Result<(), Error> {
        self.length(variant.into());
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.length(variant.into());
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Ok(Counted::begin(self, length))
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        self.length(variant.into());
        Ok(self)
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Ok(Counted::begin(self, length))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        self.length(variant.into());
        Ok(self)
    }

    /// Serde writes all vectors and slices with this.
    #[inline]
    fn collect_seq<I>(self, items: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        let items = items.into_iter();
        if let Some((count, bytes)) = slices::of_numbers(&items) {
            self.length(count as u64);
            copy::append(self.out, bytes);
            return Ok(());
        }
        let count = match items.size_hint() {
            (least, Some(most)) if least == most => Some(most),
            _ => None,
        };
        let mut seq = self.serialize_seq(count)?;
        for item in items {
            ser::SerializeSeq::serialize_element(&mut seq, &item)?;
        }
        ser::SerializeSeq::end(seq)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// A sequence or a map. Its length comes first, even if it is known only at the
/// end.
pub(super) struct Counted<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Where to write the length, if it was not known.
    place: Option<usize>,
    count: u64,
}

impl<'a, 'w> Counted<'a, 'w> {
    #[inline]
    fn begin(writer: &'a mut Writer<'w>, length: Option<usize>) -> Self {
        let place = match length {
            Some(length) => {
                writer.length(length as u64);
                None
            }
            None => {
                writer.length(u64::MAX);
                Some(writer.out.len() - size_of::<u64>())
            }
        };
        Counted {
            writer,
            place,
            count: 0,
        }
    }

    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.count += 1;
        item.serialize(&mut *self.writer)
    }

    fn finish(self) {
        if let Some(place) = self.place {
            self.writer.out[place..place + size_of::<u64>()]
                .copy_from_slice(&self.count.to_le_bytes());
        }
    }
}

impl ser::SerializeSeq for Counted<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.item(item)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeMap for Counted<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.item(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

/// A value with a fixed number of parts: only the parts are written.
macro_rules! parts {
    ($($trait:ident $method:ident),*) => {
        $(
            impl ser::$trait for &mut Writer<'_> {
                type Ok = ();
                type Error = Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Error> {
                    part.serialize(&mut **self)
                }

                #[inline]
                fn end(self) -> Result<(), Error> {
                    Ok(())
                }
            }
        )*
    };
}

parts! {
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

/// A value with named fields: the names are not written. A field left out of the
/// bytes (`skip_serializing_if`) would be missed by the reader, so that is an
/// error.
macro_rules! fields {
    ($($trait:ident),*) => {
        $(
            impl ser::$trait for &mut Writer<'_> {
                type Ok = ();
                type Error = Error;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    _: &'static str,
                    part: &T,
                ) -> Result<(), Error> {
                    part.serialize(&mut **self)
                }

                fn skip_field(&mut self, name: &'static str) -> Result<(), Error> {
                    Err(Error::Custom(format!(
                        "the field `{name}` may be left out (`skip_serializing_if`), which needs \
                         a format that describes itself"
                    )))
                }

                #[inline]
                fn end(self) -> Result<(), Error> {
                    Ok(())
                }
            }
        )*
    };
}

fields!(SerializeStruct, SerializeStructVariant);
