//! What a reader accepts.

/// The bounds of a reader, all checked before anything is built.
///
/// The defaults accept what an ordinary machine has memory for: a message of 300 MiB, a
/// list of a hundred million numbers. A server that does not trust its clients should set
/// lower ones:
///
/// ```
/// use inert_pickle::{Error, Limits, read};
///
/// let limits = Limits {
///     message: 1 << 20,
///     parts: 10_000,
///     depth: 3,
/// };
/// assert!(read(b"](](K\x01ee.", &limits).is_ok()); // [[1]]
/// let refused = read(b"](](](K\x01eee.", &limits); // [[[1]]]
/// assert_eq!(refused.unwrap_err(), Error::Depth { limit: 3 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one message: 512 MiB. At most `u32::MAX`, whatever is set here.
    pub message: usize,
    /// Parts of one message: 134,217,728. A part is an opcode, like a number, the end of a
    /// list or a reference to something before; each takes 16 to 32 bytes of memory.
    pub parts: usize,
    /// How deep values may be nested: 10,000. This crate itself does not recurse; the limit
    /// protects whoever gets the value next.
    pub depth: usize,
}

impl Default for Limits {
    /// 512 MiB, 134,217,728 parts, 10,000 levels.
    fn default() -> Limits {
        Limits {
            message: 512 << 20,
            parts: 128 << 20,
            depth: 10_000,
        }
    }
}
