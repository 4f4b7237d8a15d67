//! One value, or a number of them, in shared memory.

#![expect(unsafe_code, reason = "a reference is made from the mapping's address")]

use std::io;
use std::mem;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16,
    AtomicU32, AtomicU64, AtomicUsize,
};

use super::Mapping;

/// A type whose values may live in memory that several processes share.
///
/// Use [`shared_struct!`](crate::shared_struct) rather than implement it.
///
/// # Safety
///
/// - A value holds no pointer, reference or handle: another process has
///   something else at that address.
/// - A process may be killed in the middle of a write: every bit pattern that
///   this may leave is a valid value, or is guarded against.
/// - Nothing needs to be dropped.
pub unsafe trait ProcessSafe {
    /// Called once, when the value is at its final address.
    fn init_in_place(&self) {}
}

/// A [`ProcessSafe`] type whose values may also be moved and replaced: numbers
/// and what is made of them. A [`Mutex`](super::Mutex) is not plain, since it
/// must be initialised at its final address. A mutex guards plain values only, so
/// a lock within a lock does not compile:
///
/// ```compile_fail,E0277
/// # use multiproc::shared::{Mutex, Shared};
/// let nested = Shared::new(Mutex::new(Mutex::new(0)));
/// ```
///
/// # Safety
///
/// [`ProcessSafe::init_in_place`] does nothing.
pub unsafe trait Plain: ProcessSafe {}

macro_rules! process_safe {
    ($($plain:ty),*) => {
        $(
            // SAFETY: it holds no pointer, and any bits are a valid value.
            unsafe impl ProcessSafe for $plain {}
            // SAFETY: as above.
            unsafe impl Plain for $plain {}
        )*
    };
}
process_safe!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64
);
process_safe!(
    AtomicU8,
    AtomicU16,
    AtomicU32,
    AtomicU64,
    AtomicUsize,
    AtomicI8,
    AtomicI16,
    AtomicI32,
    AtomicI64,
    AtomicIsize
);
// `()` is for a lock that guards something elsewhere. A `bool` is one byte, so it
// cannot be left half written.
process_safe!((), bool, AtomicBool);

// SAFETY: safe because each element is.
unsafe impl<T: ProcessSafe, const N: usize> ProcessSafe for [T; N] {
    fn init_in_place(&self) {
        self.iter().for_each(T::init_in_place);
    }
}

// SAFETY: safe because each element is.
unsafe impl<T: ProcessSafe> ProcessSafe for [T] {
    fn init_in_place(&self) {
        self.iter().for_each(T::init_in_place);
    }
}

// SAFETY: safe because both parts are.
unsafe impl<A: ProcessSafe, B: ProcessSafe> ProcessSafe for (A, B) {
    fn init_in_place(&self) {
        self.0.init_in_place();
        self.1.init_in_place();
    }
}

// SAFETY: plain because each element is.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}
// SAFETY: plain because both parts are.
unsafe impl<A: Plain, B: Plain> Plain for (A, B) {}

/// A value, or with `Shared<[T]>` several, in memory that this process shares
/// with all children forked while it exists.
///
/// They change it through `&T`, so `T` is an atomic, a [`Mutex`](super::Mutex),
/// or a [`shared_struct!`](crate::shared_struct) of these.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use multiproc::process::Process;
/// use multiproc::shared::Shared;
///
/// let count = Shared::new(AtomicU64::new(0))?;
/// let child = Process::spawn("counter", || {
///     count.fetch_add(1, Ordering::Relaxed);
/// })?;
/// child.join_success()?;
/// assert_eq!(count.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Shared<T: ProcessSafe + Sync + ?Sized> {
    value: NonNull<T>,
    /// Owns the pages.
    _mapping: Mapping,
}

impl<T: ProcessSafe + Sync> Shared<T> {
    /// Moves `value` into shared memory.
    ///
    /// # Errors
    ///
    /// If the system has no memory to map.
    pub fn new(value: T) -> io::Result<Self> {
        const { assert!(!mem::needs_drop::<T>() && align_of::<T>() <= 4096) }
        let mapping = Mapping::new(size_of::<T>())?;
        let place = mapping.start().cast::<T>();
        // SAFETY: the mapping is large enough, aligned to a page, and nobody
        // else has its address yet.
        unsafe { place.write(value) };
        let shared = Shared {
            value: place,
            _mapping: mapping,
        };
        shared.init_in_place();
        Ok(shared)
    }
}

impl<T: ProcessSafe + Sync> Shared<[T]> {
    /// `len` values in a row, each made by `make` from its index.
    ///
    /// # Errors
    ///
    /// If the system has no memory to map.
    pub fn slice(len: usize, make: impl Fn(usize) -> T) -> io::Result<Self> {
        const { assert!(!mem::needs_drop::<T>() && align_of::<T>() <= 4096) }
        let bytes = size_of::<T>()
            .checked_mul(len)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = Mapping::new(bytes)?;
        let first = mapping.start().cast::<T>();
        for index in 0..len {
            // SAFETY: `index < len`, and the mapping holds `len` values.
            unsafe { first.add(index).write(make(index)) };
        }
        let shared = Shared {
            value: NonNull::slice_from_raw_parts(first, len),
            _mapping: mapping,
        };
        shared.init_in_place();
        Ok(shared)
    }
}

impl<T: ProcessSafe + Sync + ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: written by the constructor and kept alive by the mapping. Other
        // threads and processes change it only through `&T`, and `T` is `Sync`.
        unsafe { self.value.as_ref() }
    }
}

// SAFETY: it gives out only `&T`, and `T` is `Sync`; nothing in it belongs to one
// thread.
unsafe impl<T: ProcessSafe + Sync + ?Sized> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: ProcessSafe + Sync + ?Sized> Sync for Shared<T> {}

impl<T: ProcessSafe + Sync + ?Sized> std::fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared({:p})", ptr::from_ref::<T>(self).cast::<u8>())
    }
}
