//! Copies vectors of numbers in one piece.
//!
//! Serde shows a format one element after another. But the iterator with which
//! it reads a slice, and the visitor that makes a vector, are types, and types
//! can be compared. Those that belong to vectors of numbers are recognised, and
//! their memory is copied. Whatever is not recognised goes the slow way, to the
//! same bytes.

#![expect(
    unsafe_code,
    reason = "values are cast between types that were found to be the same"
)]

use std::any::TypeId;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ptr;
use std::slice;

use serde::Deserializer;
use serde::de::{Deserialize, Visitor};

use super::Error;
use super::de::Reader;
use crate::copy;

/// Types without padding, pointers or forbidden values, whose memory is what
/// the codec writes for them.
///
/// # Safety
///
/// Any `size_of::<Self>()` initialised bytes are a value, every value is that
/// many initialised bytes, and, on a machine whose numbers begin with the least
/// significant byte, these are the bytes that [`encode`](super::encode) gives.
pub(super) unsafe trait Number: Copy + 'static {}

macro_rules! numbers {
    ($($type:ty),*) => {
        $(
            // SAFETY: a number has no padding, and takes any bits.
            unsafe impl Number for $type {}
        )*
    };
}

numbers!(u8, i8, u16, i16, u32, i32, u64, i64, u128, i128, f32, f64);

// SAFETY: an array is its elements with nothing in between, in memory as in the
// codec's bytes.
unsafe impl<T: Number, const N: usize> Number for [T; N] {}

/// Calls `$call::<T>` for the types that are recognised, until one answers.
macro_rules! first_of {
    ($call:ident $arguments:tt) => {
        first_of!(@ $call $arguments,
            u8, i8, u16, i16, u32, i32, u64, i64, u128, i128, f32, f64,
            [u8; 2], [u8; 3], [u8; 4], [u8; 6], [u8; 8], [u8; 16], [u8; 32],
            [u16; 2], [u16; 3], [u16; 4], [i16; 2], [i16; 3], [i16; 4],
            [u32; 2], [u32; 3], [u32; 4], [i32; 2], [i32; 3], [i32; 4],
            [u64; 2], [u64; 3], [u64; 4], [i64; 2], [i64; 3], [i64; 4],
            [f32; 2], [f32; 3], [f32; 4], [f32; 9], [f32; 16],
            [f64; 2], [f64; 3], [f64; 4], [f64; 9], [f64; 16])
    };
    (@ $call:ident $arguments:tt, $($type:ty),*) => {
        $(
            if let Some(found) = $call::<_, $type> $arguments {
                return found;
            }
        )*
    };
}

pub(super) use first_of;

/// If `items`, not yet begun, iterates over a slice of numbers: how many there
/// are, and their bytes.
#[inline]
pub(super) fn of_numbers<I>(items: &I) -> Option<(usize, &[u8])> {
    if cfg!(target_endian = "little") {
        first_of!(bytes_of(items));
    }
    None
}

/// `Some(Some(..))` when `I` is an iterator over a slice of `T`.
#[inline]
fn bytes_of<I, T: Number>(items: &I) -> Option<Option<(usize, &[u8])>> {
    if typeid::of::<I>() != typeid::of::<slice::Iter<'static, T>>() {
        return None;
    }
    // SAFETY: the two types are the same but for lifetimes. The elements live
    // as long as the iterator, and so as long as it is borrowed here.
    let items = unsafe { &*ptr::from_ref(items).cast::<slice::Iter<'_, T>>() };
    let slice = items.as_slice();
    // SAFETY: numbers are initialised bytes without padding.
    let bytes = unsafe { slice::from_raw_parts(slice.as_ptr().cast(), size_of_val(slice)) };
    Some(Some((slice.len(), bytes)))
}

/// Reads `count` numbers if `visitor` is the one with which serde makes a vector
/// of numbers; otherwise returns it.
#[inline]
pub(super) fn vec_of_numbers<'de, V: Visitor<'de>>(
    visitor: V,
    reader: &mut Reader<'de>,
    count: usize,
) -> Result<Result<V::Value, Error>, V> {
    match recognised(&visitor, reader, count) {
        Some(vec) => Ok(vec),
        None => Err(visitor),
    }
}

#[inline]
fn recognised<'de, V: Visitor<'de>>(
    _: &V,
    reader: &mut Reader<'de>,
    count: usize,
) -> Option<Result<V::Value, Error>> {
    if cfg!(target_endian = "little") {
        let of = PhantomData::<V>;
        first_of!(read(of, reader, count));
    }
    None
}

/// `Some(Some(..))` when `V` is serde's visitor for a `Vec<T>`.
#[inline]
fn read<'de, V: Visitor<'de>, T: Number + Deserialize<'de>>(
    _: PhantomData<V>,
    reader: &mut Reader<'de>,
    count: usize,
) -> Option<Option<Result<V::Value, Error>>> {
    // Compare the visitor too, not just its value: one written by hand may make
    // something else of the same elements.
    if typeid::of::<V::Value>() != TypeId::of::<Vec<T>>()
        || Some(typeid::of::<V>()) != visitor_of::<Vec<T>>()
    {
        return None;
    }
    let vec = match read_vec::<T>(reader, count) {
        Ok(vec) => ManuallyDrop::new(vec),
        Err(error) => return Some(Some(Err(error))),
    };
    // SAFETY: `V::Value` is `Vec<T>`, as just compared, and neither contains a
    // lifetime. The vector is not used again.
    Some(Some(Ok(unsafe {
        mem::transmute_copy::<ManuallyDrop<Vec<T>>, V::Value>(&vec)
    })))
}

fn read_vec<T: Number>(reader: &mut Reader<'_>, count: usize) -> Result<Vec<T>, Error> {
    let size = count.checked_mul(size_of::<T>()).ok_or(Error::Short)?;
    // Before allocating, so that a false count costs no memory.
    let bytes = reader.take(size)?;
    let mut vec: Vec<T> = Vec::new();
    vec.try_reserve_exact(count)
        .map_err(|_| Error::NoMemory(size))?;
    // SAFETY: there is room for `count` elements, which are as many bytes as
    // `bytes` has, and any bytes are numbers. The room is new, so the two do
    // not overlap.
    unsafe {
        copy::copy(bytes.as_ptr(), vec.as_mut_ptr().cast(), size);
        vec.set_len(count);
    }
    Ok(vec)
}

/// The type of the visitor with which a `T` reads itself from a sequence.
#[inline]
fn visitor_of<'de, T: Deserialize<'de>>() -> Option<TypeId> {
    match T::deserialize(Asks) {
        Err(Asked(visitor)) => visitor,
        Ok(_) => None,
    }
}

/// Reads nothing, and only finds out which visitor asks.
struct Asks;

/// The visitor that asked for a sequence.
#[derive(Debug)]
struct Asked(Option<TypeId>);

impl<'de> Deserializer<'de> for Asks {
    type Error = Asked;

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(Some(typeid::of::<V>())))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(None))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Asked {}

impl serde::de::Error for Asked {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Asked(None)
    }
}
