//! What a reader accepts.

/// The bounds that a reader keeps to, all checked before anything is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one message. At most `u32::MAX`, whatever is set here.
    pub message: usize,
    /// Opcodes in one message: each makes at most one node of 16 bytes.
    pub opcodes: usize,
    /// How deep values may be nested. The codec itself needs no stack for depth; the
    /// limit protects those who get the value next.
    pub depth: usize,
}

impl Default for Limits {
    /// 64 MiB, 4,194,304 opcodes, 10,000 levels.
    fn default() -> Limits {
        Limits {
            message: 64 << 20,
            opcodes: 4 << 20,
            depth: 10_000,
        }
    }
}
