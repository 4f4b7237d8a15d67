//! Pages that a process and the children it forks later see as the same
//! memory (mmap(2), `MAP_SHARED | MAP_ANONYMOUS`).

#![expect(unsafe_code, reason = "the mapping's address is a raw pointer")]

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::{self, NonNull};

use super::mutex::any_held;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Zeroed pages, shared with all children forked from now on and at the same
/// address in each. Unmapped on drop.
pub(crate) struct Mapping {
    start: NonNull<c_void>,
    len: NonZeroUsize,
}

impl Mapping {
    /// At least `len` bytes. Pages take memory when they are first touched.
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        let len = NonZeroUsize::new(len).unwrap_or(NonZeroUsize::MIN);
        // SAFETY: an anonymous mapping at an address of the kernel's choice
        // overlaps nothing that exists.
        let start = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                len.get(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
            )
        }?;
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Mapping { start, len })
    }

    /// Its first byte; page-aligned, so aligned for any type.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start.cast()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let start = self.start.addr().get();
        if any_held(start..start + self.len.get()) {
            // A guard was forgotten: the C library's list of the locks that its
            // thread holds runs through these pages. Leave them mapped.
            return;
        }
        // SAFETY: the pages were mapped by `new`, and whoever borrows from them
        // borrows from `self`. Other processes have mappings of their own.
        // It fails only for wrong arguments, which these are not.
        let _ = unsafe { munmap(self.start.as_ptr(), self.len.get()) };
    }
}

// SAFETY: the mapping belongs to the process, not to a thread, and gives out
// no references itself.
unsafe impl Send for Mapping {}
// SAFETY: as above; `&Mapping` gives an address only.
unsafe impl Sync for Mapping {}
