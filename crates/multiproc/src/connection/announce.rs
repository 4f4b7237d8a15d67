//! What comes before a message that brings a descriptor.
//!
//! A descriptor comes to light only in `recvmsg`, which takes a tenth longer than
//! `recv` for a small message; `recv` drops it. So a sender announces it: a mark
//! where a length should be, then so many bytes of padding that no `recv` which
//! began before the mark, or in it, can reach the message behind them. The
//! receiver skips the padding and takes up the next message by `recvmsg`.
//!
//! By itself an announcement means nothing: any message may follow, or none.

/// How many bytes of small messages a connection may receive ahead, from the
/// beginning of a length on.
pub(super) const AHEAD: usize = 4096 + 4;

/// The mark, read as a length: a negative one, which no message has.
pub(super) const MARK: i64 = i32::from_be_bytes(MARK_BYTES) as i64;

/// The size of the mark.
pub(super) const MARK_SIZE: usize = MARK_BYTES.len();

const MARK_BYTES: [u8; 4] = *b"\x80fds";

/// How many bytes follow the mark.
pub(super) const PADDING: usize = AHEAD;

/// The whole announcement.
pub(super) static ANNOUNCEMENT: [u8; MARK_SIZE + PADDING] = {
    let mut bytes = [0; MARK_SIZE + PADDING];
    let (mark, _) = bytes.split_at_mut(MARK_SIZE);
    mark.copy_from_slice(&MARK_BYTES);
    bytes
};
