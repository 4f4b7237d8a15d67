//! What a served object keeps of what it was sent.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use inert_pickle::Value;

use super::Exception;

/// A value that an object keeps: by itself, without the message that it came
/// in, and with a hold on every object of this manager whose proxy is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) value: Value,
    pub(crate) holds: Option<Box<[Hold]>>,
}

impl Stored {
    /// A value that no proxy is in, or that comes from the serving program.
    pub(crate) fn plain(value: Value) -> Self {
        Stored { value, holds: None }
    }

    /// Bytes of memory, roughly.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Stored>() + self.value.memory()
    }
}

/// Keeps an object alive, whether or not a client refers to it.
#[derive(Clone)]
pub(crate) struct Hold(Option<Arc<dyn std::any::Any + Send + Sync>>);

impl Hold {
    pub(crate) fn new(kept: Arc<dyn std::any::Any + Send + Sync>) -> Self {
        Hold(Some(kept))
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}

thread_local! {
    /// What this thread is letting go of, while it does.
    static LETTING_GO: RefCell<Option<Vec<Arc<dyn std::any::Any + Send + Sync>>>> =
        const { RefCell::new(None) };
}

impl Drop for Hold {
    /// An object may be the last to hold another, and so on for as long a
    /// chain as a client cares to build: one after the other, not one within
    /// the other, which would overflow the stack.
    fn drop(&mut self) {
        let Some(kept) = self.0.take() else {
            return;
        };
        let outermost = LETTING_GO.with_borrow_mut(|list| match list {
            Some(list) => {
                list.push(kept);
                false
            }
            None => {
                *list = Some(vec![kept]);
                true
            }
        });
        if !outermost {
            return;
        }
        loop {
            let next = LETTING_GO.with_borrow_mut(|list| {
                let next = list.as_mut().and_then(Vec::pop);
                if next.is_none() {
                    *list = None;
                }
                next
            });
            match next {
                Some(next) => drop(next),
                None => return,
            }
        }
    }
}

/// What may be kept in memory, and how much is.
#[derive(Debug)]
pub(crate) struct Memory {
    used: AtomicUsize,
    limit: usize,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Memory {
            used: AtomicUsize::new(0),
            limit,
        })
    }

    /// Takes so many bytes of what there is.
    pub(crate) fn charge(&self, bytes: usize) -> Result<(), Exception> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.limit {
            return Ok(());
        }
        self.give_back(bytes);
        Err(Exception::memory_error(format!(
            "this manager holds {before} bytes of data and may hold {} in all: \
             there is no room for {bytes} more",
            self.limit
        )))
    }

    /// Takes so many bytes whether or not there are so many.
    pub(crate) fn charge_anyway(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}
