//! What a reader accepts.

/// The bounds that a reader keeps to, all checked before anything is built.
///
/// The defaults let through what an ordinary machine has memory for: a message of 300 MiB,
/// a list of a hundred million numbers. A server whose clients are not trusted with its
/// memory sets lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one message: 512 MiB. At most `u32::MAX`, whatever is set here.
    pub message: usize,
    /// Parts of one message: 134,217,728. A part is an opcode, like a number, the end of a
    /// list or a reference to something before; each takes 16 to 32 bytes of memory.
    pub parts: usize,
    /// How deep values may be nested: 10,000. The codec itself needs no stack for depth;
    /// the limit protects those who get the value next.
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
