//! Copies of long byte strings, in short pieces.
//!
//! From some KiB up to the size of a core's cache, glibc copies with the
//! instruction `rep movsb`. Before 2.39 it does so on AMD's Zen 3 and Zen 4 too,
//! where that takes several times as long when the target is not aligned as the
//! source is (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>): numbers
//! behind a head of a few bytes never are. Pieces are copied by vector
//! instructions, which lose nothing elsewhere.

#![expect(unsafe_code, reason = "it copies to memory that is not initialised")]

use std::ptr;

/// Below all thresholds from which glibc takes the instruction.
const PIECE: usize = 2048;

/// From this size on glibc does not take it, and has means of its own for what
/// is larger than the caches.
const WHOLE: usize = 1 << 20;

/// Appends `bytes` to `out`.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() < 2 * PIECE {
        return out.extend_from_slice(bytes);
    }
    out.reserve(bytes.len());
    // SAFETY: there is room for them; and new memory, or memory that is borrowed
    // mutably, does not overlap with `bytes`. All bytes up to the new length are
    // written then.
    unsafe {
        let end = out.spare_capacity_mut().as_mut_ptr();
        copy(bytes.as_ptr(), end.cast(), bytes.len());
        out.set_len(out.len() + bytes.len());
    }
}

/// Copies `len` bytes.
///
/// # Safety
///
/// That of [`ptr::copy_nonoverlapping`].
#[inline]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    let piece = if len < WHOLE { PIECE } else { len.max(1) };
    let mut done = 0;
    while done < len {
        let next = piece.min(len - done);
        // SAFETY: a part of what the caller vouches for.
        unsafe { ptr::copy_nonoverlapping(from.add(done), to.add(done), next) };
        done += next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_arrives_whatever_the_number_of_pieces() {
        for len in [
            0,
            1,
            2047,
            2048,
            2049,
            4095,
            4096,
            4097,
            70_001,
            WHOLE - 1,
            WHOLE,
            WHOLE + 1,
        ] {
            let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
            let mut out = b"head".to_vec();
            append(&mut out, &bytes);
            assert_eq!(&out[..4], b"head");
            assert!(out[4..] == bytes, "{len}");
        }
    }
}
