//! A large array that processes fill together, each its own part.

#![expect(unsafe_code, reason = "slices are made from the mapping's address")]

mod claims;

use std::fmt;
use std::io;
use std::mem;
use std::ops::{Bound, Deref, DerefMut, Range, RangeBounds};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU8, Ordering, compiler_fence};
use std::time::Duration;

use super::Mapping;
use super::mutex::OwnerDied;
use super::value::{Plain, Shared};
use crate::deadline::Deadline;
use claims::{Claim, Claims, Kind};

/// A large array in memory that this process shares with all children forked
/// while it exists, in parts of equal size: the rows of a picture or a matrix,
/// the sections of a table. A process claims some of the parts, and has them as
/// an ordinary slice until it drops the claim; nothing is sent.
///
/// ```
/// use multiproc::shared::Array;
///
/// // A picture of 3 rows with 4 pixels each.
/// let picture = Array::in_parts(3, 4, |_| 0_u8)?;
/// if let Ok(mut row) = picture.write(1..=1) {
///     row.fill(7);
/// }
/// let whole = picture.read(..).unwrap_or_else(|died| died.into_inner());
/// assert_eq!(whole[..], [0, 0, 0, 0, 7, 7, 7, 7, 0, 0, 0, 0]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Any number of threads, in any processes, may read a part at once, or a single
/// one may write it: nobody ever has a `&mut` to what another can see. A claim for
/// several parts gets all of them at once. Waiting claims are granted in no
/// particular order: one for the whole array may wait for as long as others keep
/// claiming parts of it. There may be 512 claims at once; the next one waits.
///
/// # When a writer dies
///
/// Its parts hold some of what it was writing, and in other places what was there
/// before; elements are [`Plain`], so all of it is valid. The parts are marked
/// as unfinished: every later claim on one of them is [`OwnerDied`], until a claim
/// that has written to it is dropped. (A panic is no death: the claim is dropped,
/// as for a [`Mutex`](super::Mutex).)
///
/// Elements that point to other memory do not compile:
///
/// ```compile_fail,E0277
/// let names = multiproc::shared::Array::in_parts(3, 4, |_| String::new());
/// ```
///
/// # Panics
///
/// Claiming parts panics if another claim of the same thread is in the way, since
/// it would wait for itself, and if there are no such parts. So does waiting for a
/// claim when all 512 are the thread's own.
pub struct Array<T: Plain> {
    first: NonNull<T>,
    parts: usize,
    /// How many elements a part has.
    size: usize,
    /// Not 0 for a part that a process began to write and did not finish.
    unfinished: Shared<[AtomicU8]>,
    claims: Claims,
    /// Keeps the pages.
    _mapping: Mapping,
}

/// The claimed parts; wrapped in an error if a process died while writing to them.
pub type Claimed<G> = Result<G, OwnerDied<G>>;

impl<T: Plain> Array<T> {
    /// An array of `parts` parts with `size` elements each. `make` gets an
    /// element's index in the whole array, and returns the element.
    ///
    /// # Errors
    ///
    /// If the system has no memory left.
    pub fn in_parts(
        parts: usize,
        size: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> io::Result<Self> {
        const { assert!(!mem::needs_drop::<T>() && align_of::<T>() <= 4096) }
        let too_large = || io::Error::from(io::ErrorKind::OutOfMemory);
        let len = parts.checked_mul(size).ok_or_else(too_large)?;
        let bytes = len.checked_mul(size_of::<T>()).ok_or_else(too_large)?;
        if bytes > isize::MAX.cast_unsigned() {
            return Err(too_large());
        }
        let mapping = Mapping::new(bytes)?;
        let first = mapping.start().cast::<T>();
        for index in 0..len {
            // SAFETY: `index < len`, and the mapping holds `len` values.
            unsafe { first.add(index).write(make(index)) };
        }
        Ok(Array {
            first,
            parts,
            size,
            unfinished: Shared::slice(parts, |_| AtomicU8::new(0))?,
            claims: Claims::new()?,
            _mapping: mapping,
        })
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// How many elements a part has.
    pub fn part_len(&self) -> usize {
        self.size
    }

    /// Claims `parts` for reading. Waits while another claim writes to them.
    ///
    /// # Errors
    ///
    /// [`OwnerDied`], with the claimed parts in it.
    pub fn read(&self, parts: impl RangeBounds<usize>) -> Claimed<Reading<'_, T>> {
        loop {
            if let Some(reading) = self.read_until(&parts, Deadline::NEVER) {
                return reading;
            }
        }
    }

    /// Like [`read`](Self::read), but returns `None` where that would wait.
    pub fn try_read(&self, parts: impl RangeBounds<usize>) -> Option<Claimed<Reading<'_, T>>> {
        self.read_until(&parts, Deadline::after(Duration::ZERO))
    }

    /// Like [`read`](Self::read), for at most `timeout`.
    pub fn read_timeout(
        &self,
        parts: impl RangeBounds<usize>,
        timeout: Duration,
    ) -> Option<Claimed<Reading<'_, T>>> {
        self.read_until(&parts, Deadline::after(timeout))
    }

    /// Claims `parts` for writing. Waits while other claims read them or write to
    /// them.
    ///
    /// # Errors
    ///
    /// [`OwnerDied`], with the claimed parts in it.
    pub fn write(&self, parts: impl RangeBounds<usize>) -> Claimed<Writing<'_, T>> {
        loop {
            if let Some(writing) = self.write_until(&parts, Deadline::NEVER) {
                return writing;
            }
        }
    }

    /// Like [`write`](Self::write), but returns `None` where that would wait.
    pub fn try_write(&self, parts: impl RangeBounds<usize>) -> Option<Claimed<Writing<'_, T>>> {
        self.write_until(&parts, Deadline::after(Duration::ZERO))
    }

    /// Like [`write`](Self::write), for at most `timeout`.
    pub fn write_timeout(
        &self,
        parts: impl RangeBounds<usize>,
        timeout: Duration,
    ) -> Option<Claimed<Writing<'_, T>>> {
        self.write_until(&parts, Deadline::after(timeout))
    }

    fn read_until(
        &self,
        parts: &impl RangeBounds<usize>,
        deadline: Deadline,
    ) -> Option<Claimed<Reading<'_, T>>> {
        let parts = self.range(parts);
        let claim = self.claims.claim(&parts, Kind::Read, deadline)?;
        let finished = self.is_finished(&parts);
        let reading = Reading {
            array: self,
            parts,
            _claim: claim,
        };
        Some(match finished {
            true => Ok(reading),
            false => Err(OwnerDied(reading)),
        })
    }

    fn write_until(
        &self,
        parts: &impl RangeBounds<usize>,
        deadline: Deadline,
    ) -> Option<Claimed<Writing<'_, T>>> {
        let parts = self.range(parts);
        let claim = self.claims.claim(&parts, Kind::Write, deadline)?;
        let finished = self.is_finished(&parts);
        self.mark(&parts, 1);
        // Marked before anything is written, so that whoever finds us dead knows.
        compiler_fence(Ordering::SeqCst);
        let writing = Writing {
            array: self,
            parts,
            finishes: finished,
            _claim: claim,
        };
        Some(match finished {
            true => Ok(writing),
            false => Err(OwnerDied(writing)),
        })
    }

    fn is_finished(&self, parts: &Range<usize>) -> bool {
        let marks = &self.unfinished[parts.clone()];
        marks.iter().all(|mark| mark.load(Ordering::Relaxed) == 0)
    }

    fn mark(&self, parts: &Range<usize>, value: u8) {
        let marks = &self.unfinished[parts.clone()];
        marks
            .iter()
            .for_each(|mark| mark.store(value, Ordering::Relaxed));
    }

    #[track_caller]
    fn range(&self, parts: &impl RangeBounds<usize>) -> Range<usize> {
        let start = match parts.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match parts.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => self.parts,
        };
        assert!(
            start <= end && end <= self.parts,
            "parts {start}..{end} of an array of {} parts",
            self.parts
        );
        start..end
    }

    /// The elements of `parts`: where they begin, and how many they are.
    fn elements(&self, parts: &Range<usize>) -> (NonNull<T>, usize) {
        // SAFETY: `range` has checked that the parts are there, so this is
        // within the mapping, or its end.
        let first = unsafe { self.first.add(parts.start * self.size) };
        (first, parts.len() * self.size)
    }
}

// SAFETY: it gives `&[T]` to several threads at once, and `&mut [T]` to one at a
// time, of whatever process; nothing in it belongs to a thread.
unsafe impl<T: Plain + Send + Sync> Send for Array<T> {}
// SAFETY: as above.
unsafe impl<T: Plain + Send + Sync> Sync for Array<T> {}

impl<T: Plain> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("parts", &self.parts)
            .field("part_len", &self.size)
            .finish_non_exhaustive()
    }
}

/// A claim to read parts of an [`Array`], until it is dropped. It cannot leave its
/// thread, but the slice may be lent to others.
pub struct Reading<'a, T: Plain> {
    array: &'a Array<T>,
    parts: Range<usize>,
    _claim: Claim<'a>,
}

impl<T: Plain> Deref for Reading<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let (first, len) = self.array.elements(&self.parts);
        // SAFETY: initialised, within the mapping, which the array keeps; and
        // the claim keeps writers away.
        unsafe { slice::from_raw_parts(first.as_ptr(), len) }
    }
}

/// A claim to write to parts of an [`Array`], until it is dropped. It cannot leave
/// its thread, but pieces of the slice may be lent to others.
pub struct Writing<'a, T: Plain> {
    array: &'a Array<T>,
    parts: Range<usize>,
    /// Whether the parts count as finished when this is dropped. Those that a dead
    /// writer left do so only if they have been written to.
    finishes: bool,
    _claim: Claim<'a>,
}

impl<T: Plain> Deref for Writing<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let (first, len) = self.array.elements(&self.parts);
        // SAFETY: as for `Reading`; the claim is ours alone.
        unsafe { slice::from_raw_parts(first.as_ptr(), len) }
    }
}

impl<T: Plain> DerefMut for Writing<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.finishes = true;
        let (first, len) = self.array.elements(&self.parts);
        // SAFETY: as above, and `&mut self` is the only reference to the claim.
        unsafe { slice::from_raw_parts_mut(first.as_ptr(), len) }
    }
}

impl<T: Plain> Drop for Writing<'_, T> {
    fn drop(&mut self) {
        if self.finishes {
            // What was written comes before the marks.
            compiler_fence(Ordering::SeqCst);
            self.array.mark(&self.parts, 0);
        }
        // The claim is dropped after this.
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for Reading<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for Writing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
