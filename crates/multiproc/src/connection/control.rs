//! `recvmsg` with the descriptors that come along (`SCM_RIGHTS`, unix(7)).
//!
//! Written by hand, since the libraries' versions also ask for the sender's
//! address, which takes a twentieth of the time of a small message.

#![expect(unsafe_code, reason = "recvmsg(2) has no safe form")]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::io::Errno;
use rustix::net::RecvFlags;

/// Room for a descriptor: a header of 16 bytes and the number, rounded up to 8.
/// The kernel may use what is left by the rounding for a second one.
const SPACE: usize = 24;

/// What came with the bytes.
#[derive(Default)]
pub(super) struct Received {
    fds: [Option<OwnedFd>; 2],
    /// More came than there was room for, and the kernel has closed the rest.
    truncated: bool,
}

/// Aligned for a control message's header.
#[repr(C, align(8))]
struct Control([u8; SPACE]);

impl Received {
    /// Reads into `buffer`, and keeps the descriptors that came. Programs that
    /// this process executes do not inherit them.
    pub(super) fn recvmsg(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut [u8],
        flags: RecvFlags,
    ) -> Result<usize, Errno> {
        let mut control = Control([0; SPACE]);
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        // SAFETY: a structure of numbers and pointers; all zero is a valid value.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_iov = &mut part;
        header.msg_iovlen = 1;
        header.msg_control = ptr::from_mut(&mut control).cast();
        header.msg_controllen = SPACE;
        let flags = flags.bits().cast_signed() | libc::MSG_CMSG_CLOEXEC;
        // SAFETY: the header points to one part, which points to `buffer`, and
        // to `control`, each with its true length; all outlive the call.
        let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut header, flags) };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
        };
        self.truncated = header.msg_flags & libc::MSG_CTRUNC != 0;
        if header.msg_controllen > 0 {
            self.take(&header);
        }
        Ok(count)
    }

    fn take(&mut self, header: &libc::msghdr) {
        // SAFETY: the kernel has filled in `header` and the control buffer that
        // it points to; the macro checks that a whole message header is there.
        let message = unsafe { libc::CMSG_FIRSTHDR(header) };
        if message.is_null() {
            return;
        }
        // SAFETY: not null, so it points to a header inside the control buffer,
        // which is aligned for one.
        let (level, kind, length) = unsafe {
            (
                (*message).cmsg_level,
                (*message).cmsg_type,
                (*message).cmsg_len,
            )
        };
        if (level, kind) != (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            return;
        }
        // SAFETY: computes a length, touches no memory.
        let begin = unsafe { libc::CMSG_LEN(0) } as usize;
        let count = length.saturating_sub(begin) / size_of::<RawFd>();
        for (index, slot) in self.fds.iter_mut().enumerate().take(count) {
            // SAFETY: `count` descriptors follow the message's header. The kernel
            // has made them for this process, and nothing else owns them.
            *slot = unsafe {
                let data = libc::CMSG_DATA(message).cast::<RawFd>();
                Some(OwnedFd::from_raw_fd(data.add(index).read_unaligned()))
            };
        }
    }

    /// The descriptor, if exactly one came. Several are closed: this protocol
    /// never sends more than one.
    pub(super) fn only_one(self) -> Option<OwnedFd> {
        match self.fds {
            [fd, None] if !self.truncated => fd,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_that_for_one_descriptor() {
        // SAFETY: computes a length, touches no memory.
        let space = unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) };
        assert_eq!(space as usize, SPACE);
    }
}
