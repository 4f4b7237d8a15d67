//! Memory that a thread keeps from one item to the next.

use std::cell::Cell;

/// Up to this much is kept whatever comes.
const ALWAYS: usize = 1 << 20;

/// After so many items in a row that need a fraction of it, what is kept above
/// [`ALWAYS`] is given back: one large item may not cost a thread its size for
/// ever, and a steady flow of them may not fetch fresh memory, page by page,
/// for each.
const PATIENCE: u32 = 256;

/// Gives `work` an empty buffer that the thread keeps for the next time.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    thread_local! {
        static KEPT: Cell<(Vec<u8>, u32)> = const { Cell::new((Vec::new(), 0)) };
    }
    // Taken out, not borrowed: an item's own `serialize` may use a queue.
    let (mut buffer, mut unused) = KEPT.take();
    buffer.clear();
    let result = work(&mut buffer);
    if buffer.capacity() > ALWAYS && buffer.len() < buffer.capacity() / 8 {
        unused += 1;
        if unused > PATIENCE {
            buffer = Vec::new();
            unused = 0;
        }
    } else {
        unused = 0;
    }
    KEPT.set((buffer, unused));
    result
}
