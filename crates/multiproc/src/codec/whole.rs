//! Values that are one vector of numbers, or one text. But for their length, their
//! bytes are the same in memory as in the codec, so they can be sent from where they
//! are, and received where they stay.

#![expect(
    unsafe_code,
    reason = "values are cast between types that were found to be the same"
)]

use std::any::TypeId;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::slice;

use super::de::{NO_TEXT, Reader};
use super::slices::{Number, first_of};
use super::{Error, ser};
use crate::room::Room;

/// The most bytes that come before those of a value.
pub(crate) const PREFIX: usize = 9;

/// If `value` is a vector or slice of numbers, or a text, of at least `least` bytes: a
/// buffer, how many of its bytes come first, and the bytes after them. Together they are
/// what [`encode`](super::encode) writes.
#[inline]
pub(crate) fn as_whole<T: ?Sized>(value: &T, least: usize) -> Option<([u8; PREFIX], usize, &[u8])> {
    let (count, bytes) = text_of(value).or_else(|| numbers_of(value))?;
    if bytes.len() < least {
        return None;
    }
    let (prefix, size) = ser::length(count as u64);
    Some((prefix, size, bytes))
}

#[inline]
fn text_of<T: ?Sized>(value: &T) -> Option<(usize, &[u8])> {
    let text = if typeid::of::<T>() == TypeId::of::<String>() {
        // SAFETY: `T` is `String`, as just compared.
        unsafe { mem::transmute_copy::<&T, &String>(&value) }
    } else if typeid::of::<T>() == TypeId::of::<str>() {
        // SAFETY: `T` is `str`, as just compared.
        unsafe { mem::transmute_copy::<&T, &str>(&value) }
    } else {
        return None;
    };
    Some((text.len(), text.as_bytes()))
}

#[inline]
fn numbers_of<T: ?Sized>(value: &T) -> Option<(usize, &[u8])> {
    if cfg!(target_endian = "little") {
        first_of!(bytes_of(value));
    }
    None
}

/// `Some(Some(..))` when `T` is a vector or a slice of `N`.
#[inline]
fn bytes_of<T: ?Sized, N: Number>(value: &T) -> Option<Option<(usize, &[u8])>> {
    let numbers = if typeid::of::<T>() == TypeId::of::<Vec<N>>() {
        // SAFETY: `T` is `Vec<N>`, as just compared.
        unsafe { mem::transmute_copy::<&T, &Vec<N>>(&value) }.as_slice()
    } else if typeid::of::<T>() == TypeId::of::<[N]>() {
        // SAFETY: `T` is `[N]`, as just compared.
        unsafe { mem::transmute_copy::<&T, &[N]>(&value) }
    } else {
        return None;
    };
    // SAFETY: numbers are initialised bytes without padding.
    let bytes = unsafe { slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) };
    Some(Some((numbers.len(), bytes)))
}

/// Receives the bytes of a value: the number of bytes that come before them, and the
/// room that they fill. False if they do not come.
pub(crate) type Fill<'a> = dyn FnMut(usize, &mut Room<'_>) -> bool + 'a;

/// What was received. Only its [`check`](Self::check) makes a text of it, since that may
/// take long, and whoever receives may hold a lock.
pub(crate) enum Received<T> {
    Vec(T),
    /// `T` is `String`. So many bytes at the beginning are ASCII.
    Text(Vec<u8>, usize, PhantomData<T>),
}

impl<T> Received<T> {
    /// The value, if a text is one.
    pub(crate) fn check(self) -> Result<T, Error> {
        match self {
            Received::Vec(vec) => Ok(vec),
            Received::Text(bytes, ascii, _) => {
                // A char does not begin in ASCII and end behind it.
                if std::str::from_utf8(&bytes[ascii..]).is_err() {
                    return Err(NO_TEXT);
                }
                // SAFETY: ASCII and UTF-8, the one behind the other; and `T` is `String`.
                Ok(unsafe { same(String::from_utf8_unchecked(bytes)) })
            }
        }
    }
}

/// Whether `T` may be read by [`read_whole`].
#[inline]
pub(crate) fn is_whole<T>() -> bool {
    typeid::of::<T>() == TypeId::of::<String>() || is_vec_of_numbers::<T>()
}

#[inline]
fn is_vec_of_numbers<T>() -> bool {
    if cfg!(target_endian = "little") {
        let of = PhantomData::<T>;
        first_of!(is_vec(of));
    }
    false
}

/// `Some(true)` when `T` is a vector of `N`.
#[inline]
fn is_vec<T, N: Number>(_: PhantomData<T>) -> Option<bool> {
    (typeid::of::<T>() == TypeId::of::<Vec<N>>()).then_some(true)
}

/// Receives a `T` that is a vector of numbers or a `String`. It has `length` bytes in
/// all, which begin with `start`.
///
/// `None`, before anything is received, if `T` is anything else, if there is no memory
/// for it, and if these bytes cannot be one. [`Error::Short`] if they do not come.
#[inline]
pub(crate) fn read_whole<T>(
    start: &[u8],
    length: usize,
    fill: &mut Fill<'_>,
) -> Option<Result<Received<T>, Error>> {
    if typeid::of::<T>() == TypeId::of::<String>() {
        let read = read::<u8>(start, length, true, fill)?;
        return Some(read.map(|(bytes, ascii)| Received::Text(bytes, ascii, PhantomData)));
    }
    if cfg!(target_endian = "little") {
        let of = PhantomData::<T>;
        first_of!(vec_of(of, start, length, fill));
    }
    None
}

/// `Some(..)` when `T` is a vector of `N`.
#[inline]
fn vec_of<T, N: Number>(
    _: PhantomData<T>,
    start: &[u8],
    length: usize,
    fill: &mut Fill<'_>,
) -> Option<Option<Result<Received<T>, Error>>> {
    is_vec::<T, N>(PhantomData)?;
    let read = read::<N>(start, length, false, fill);
    // SAFETY: `T` is `Vec<N>`, as just compared.
    let same = |(vec, _)| Received::Vec(unsafe { same(vec) });
    Some(read.map(|vec| vec.map(same)))
}

/// # Safety
///
/// `A` and `B` are the same type.
unsafe fn same<A, B>(value: A) -> B {
    // SAFETY: they are, and `value` is not used again.
    unsafe { mem::transmute_copy::<ManuallyDrop<A>, B>(&ManuallyDrop::new(value)) }
}

/// The numbers, and of those of a text, how many at the beginning are ASCII.
fn read<N: Number>(
    start: &[u8],
    length: usize,
    text: bool,
    fill: &mut Fill<'_>,
) -> Option<Result<(Vec<N>, usize), Error>> {
    let mut reader = Reader::new(start);
    let count = usize::try_from(reader.length().ok()?).ok()?;
    let prefix = start.len() - reader.rest.len();
    // All of them, and no more: otherwise `decode` says what is wrong.
    if count.checked_mul(size_of::<N>())?.checked_add(prefix)? != length {
        return None;
    }
    let mut vec: Vec<N> = Vec::new();
    vec.try_reserve_exact(count).ok()?;
    let begin = vec.as_mut_ptr().cast();
    // SAFETY: there is room for `count` elements, which are `length - prefix` bytes,
    // and nobody else refers to it while it is filled.
    let bytes = unsafe { slice::from_raw_parts_mut(begin, length - prefix) };
    let mut room = if text {
        Room::for_text(bytes)
    } else {
        Room::new(bytes)
    };
    if !fill(prefix, &mut room) || room.missing() > 0 {
        return Some(Err(Error::Short));
    }
    let ascii = room.ascii();
    // SAFETY: nothing is missing of `count` elements, and any bytes are numbers.
    unsafe { vec.set_len(count) };
    Some(Ok((vec, ascii)))
}
