//! The bytes of the items, in and out.

#![expect(unsafe_code, reason = "the ring is raw memory")]

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::{Ring, UNIT};
use crate::copy::copy;

// SAFETY of all accesses to `data`: the bytes between the head and the tail
// belong to whoever holds the head's lock, the rest to whoever holds the tail's
// lock. Each end moves by one `Release` store, which the other end reads with
// `Acquire`.

impl Ring {
    /// The address of a position, and how many bytes there are from it to the
    /// end of the ring.
    pub(super) fn address(&self, units: u32) -> (NonNull<u8>, usize) {
        let unit = (units & self.mask) as usize;
        let left = (self.mask as usize + 1 - unit) * UNIT;
        // SAFETY: the mask keeps it within the mapping.
        (unsafe { self.data.start().add(unit * UNIT) }, left)
    }

    /// The address `offset` bytes behind a position, and how many there are from it to
    /// the end of the ring.
    #[inline]
    fn address_at(&self, units: u32, offset: usize) -> (NonNull<u8>, usize) {
        let (place, left) = self.address(units.wrapping_add((offset / UNIT) as u32));
        // SAFETY: within the same unit.
        (unsafe { place.add(offset % UNIT) }, left - offset % UNIT)
    }

    /// Copies `bytes` to `offset` bytes behind a position.
    #[inline]
    pub(super) fn copy_in(&self, units: u32, offset: usize, bytes: &[u8]) {
        let (place, left) = self.address_at(units, offset);
        let (first, second) = bytes.split_at(bytes.len().min(left));
        // SAFETY: see above. The caller has the tail's lock and has checked that
        // the bytes fit, so both parts are within the mapping and outside what
        // the holder of the head's lock may read.
        unsafe {
            copy(first.as_ptr(), place.as_ptr(), first.len());
            copy(second.as_ptr(), self.data.start().as_ptr(), second.len());
        }
    }

    /// The length that an item begins with. It is one unit, so it never wraps.
    pub(super) fn length_at(&self, units: u32) -> usize {
        let (place, _) = self.address(units);
        // SAFETY: within the mapping, aligned to a unit, and written before the
        // tail passed it; the caller has the head's lock.
        let length = unsafe { place.cast::<u64>().read() };
        length as usize
    }

    /// Fills `bytes` from `offset` bytes behind a position on.
    #[inline]
    pub(super) fn copy_out(&self, units: u32, offset: usize, bytes: &mut [MaybeUninit<u8>]) {
        let (place, left) = self.address_at(units, offset);
        let (first, second) = bytes.split_at_mut(bytes.len().min(left));
        // SAFETY: see above. The caller has the head's lock, and a length that
        // `units` accepted is within the mapping.
        unsafe {
            let start = self.data.start().as_ptr();
            copy(place.as_ptr(), first.as_mut_ptr().cast(), first.len());
            copy(start, second.as_mut_ptr().cast(), second.len());
        }
    }
}
