//! What a served object keeps of what it was sent.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

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
    /// What this is a part of. An object that the serving program has made
    /// itself becomes part of a manager when it is served.
    whole: Option<RwLock<Option<Arc<Memory>>>>,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Memory {
            used: AtomicUsize::new(0),
            limit,
            whole: None,
        })
    }

    /// Of an object that no manager serves yet: without a limit of its own.
    pub(crate) fn of_one_object() -> Arc<Self> {
        Arc::new(Memory {
            used: AtomicUsize::new(0),
            limit: usize::MAX,
            whole: Some(RwLock::new(None)),
        })
    }

    /// What is used here is used of `whole` from now on; the first one stays.
    pub(crate) fn belong_to(&self, whole: &Arc<Memory>) {
        if let Some(mine) = &self.whole {
            let mut mine = mine.write().unwrap_or_else(PoisonError::into_inner);
            if mine.is_none() {
                whole.charge_anyway(self.used());
                *mine = Some(Arc::clone(whole));
            }
        }
    }

    /// Does something, and the same to what this is a part of. No `belong_to`
    /// comes between.
    fn with_whole<R>(&self, act: impl FnOnce(Option<&Memory>) -> R) -> R {
        match &self.whole {
            None => act(None),
            Some(whole) => {
                let whole = whole.read().unwrap_or_else(PoisonError::into_inner);
                act(whole.as_deref())
            }
        }
    }

    /// Takes so many bytes of what there is.
    pub(crate) fn charge(&self, bytes: usize) -> Result<(), Exception> {
        self.with_whole(|whole| {
            whole.map_or(Ok(()), |whole| whole.charge(bytes))?;
            let charged = self.charge_here(bytes);
            if let (Err(_), Some(whole)) = (&charged, whole) {
                whole.give_back(bytes);
            }
            charged
        })
    }

    fn charge_here(&self, bytes: usize) -> Result<(), Exception> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.limit {
            return Ok(());
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        Err(Exception::memory_error(format!(
            "this manager holds {before} bytes of data and may hold {} in all: \
             there is no room for {bytes} more",
            self.limit
        )))
    }

    /// Takes so many bytes whether or not there are so many.
    pub(crate) fn charge_anyway(&self, bytes: usize) {
        self.with_whole(|whole| {
            self.used.fetch_add(bytes, Ordering::Relaxed);
            whole.inspect(|whole| whole.charge_anyway(bytes));
        });
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.with_whole(|whole| {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            whole.inspect(|whole| whole.give_back(bytes));
        });
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}
