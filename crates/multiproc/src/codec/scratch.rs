//! Memory that a thread keeps from one item to the next.

use std::cell::Cell;

/// A buffer of up to this size is always kept.
const ALWAYS: usize = 1 << 20;

/// A larger buffer is freed after this many items in a row that need less than an
/// eighth of it. One large item must not cost a thread its size for ever; but a
/// steady flow of them must not fetch fresh memory, page by page, for each.
const PATIENCE: u32 = 256;

/// Gives `work` an empty buffer that the thread keeps for the next time.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    thread_local! {
        static KEPT: Cell<(Vec<u8>, u32)> = const { Cell::new((Vec::new(), 0)) };
    }
    // Taken out, not borrowed: an item's own `serialize` may come here again. And
    // nothing is kept any more for a thread that ends: another of its thread-locals
    // may send a last item when it is dropped.
    let (mut buffer, mut unused) = KEPT.try_with(Cell::take).unwrap_or_default();
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
    let _ = KEPT.try_with(|kept| kept.set((buffer, unused)));
    result
}
