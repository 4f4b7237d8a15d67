//! A lock with the value that it guards, for processes.

// The guard makes references to the value.
#![allow(unsafe_code)]

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};
use std::ptr;
use std::sync::PoisonError;
use std::time::Duration;

use super::raw_mutex::{Acquired, RawMutex};
use super::value::{Plain, ProcessSafe};
use crate::deadline::Deadline;

thread_local! {
    /// How many guards this thread holds. A fork copies a guard but not the
    /// right to what it guards: see [`locks_held`].
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// How many a thread may hold: see [`Mutex`]. (The kernel's `ROBUST_LIST_LIMIT`,
/// less those that a queue holds for a moment.)
const MOST: usize = 2040;

/// The addresses of the locks that this process holds. The C library links them
/// into a list, so their memory has to stay: see [`any_held`].
static HELD_AT: std::sync::Mutex<Vec<usize>> = std::sync::Mutex::new(Vec::new());

/// Whether this process holds a lock in `memory`: by a guard that was forgotten,
/// since one that is still in use borrows the memory.
pub(crate) fn any_held(memory: Range<usize>) -> bool {
    let held = HELD_AT.lock().unwrap_or_else(PoisonError::into_inner);
    held.iter().any(|address| memory.contains(address))
}

/// The number of shared locks that this thread holds: none may be held when
/// it forks, or parent and child would both believe to be alone with the value.
pub(crate) fn locks_held() -> usize {
    HELD.get()
}

/// A value in shared memory that one process at a time may use: `std::sync::Mutex`
/// between processes, `multiprocessing.Lock` that survives its owner.
///
/// Works inside [`Shared`](super::Shared) only.
///
/// ```
/// use multiproc::shared::{Mutex, Shared};
///
/// let balance = Shared::new(Mutex::new(0_i64))?;
/// *balance.lock().unwrap_or_else(|died| died.into_inner()) += 5;
/// # assert_eq!(*balance.lock().unwrap(), 5);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// Locking it twice in one thread panics; it does not hang. So does holding more
/// than 2,040 of them in one thread: the kernel hands on the first 2,048 locks
/// of a thread that dies, a queue takes some, and whoever waited for another
/// would wait for ever.
#[repr(C)]
pub struct Mutex<T> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: the mutex is made for shared memory, and the value may live there. It
// is plain: whoever has the guard could replace it.
unsafe impl<T: Plain> ProcessSafe for Mutex<T> {
    fn init_in_place(&self) {
        self.raw.init_in_place();
    }
}

// SAFETY: the lock gives the value to one thread of one process at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// The lock, or the lock with the news that its last owner died with it.
pub type Locked<'a, T> = Result<Guard<'a, T>, OwnerDied<Guard<'a, T>>>;

impl<T> Mutex<T> {
    /// A lock around `value`, to be moved into [`Shared`](super::Shared).
    pub const fn new(value: T) -> Self {
        Mutex {
            raw: RawMutex::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock, waiting as long as it takes. When its last owner died
    /// holding it, the first one to get it afterwards is told.
    ///
    /// # Errors
    ///
    /// [`OwnerDied`] has the guard in it.
    pub fn lock(&self) -> Locked<'_, T> {
        allow_one_more();
        self.guard(self.raw.lock())
    }

    /// Takes the lock if nobody has it.
    pub fn try_lock(&self) -> Option<Locked<'_, T>> {
        allow_one_more();
        self.raw.try_lock().map(|acquired| self.guard(acquired))
    }

    /// Takes the lock, waiting for at most `timeout`.
    pub fn lock_timeout(&self, timeout: Duration) -> Option<Locked<'_, T>> {
        allow_one_more();
        self.raw
            .lock_until(|| Deadline::after(timeout))
            .map(|acquired| self.guard(acquired))
    }

    fn guard(&self, acquired: Acquired) -> Locked<'_, T> {
        HELD.set(HELD.get() + 1);
        let mut held = HELD_AT.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(ptr::from_ref(self).addr());
        drop(held);
        let guard = Guard {
            mutex: self,
            _not_send: PhantomData,
        };
        match acquired {
            Acquired::Released => Ok(guard),
            Acquired::OwnerDied => Err(OwnerDied(guard)),
        }
    }
}

#[track_caller]
fn allow_one_more() {
    assert!(
        HELD.get() < MOST,
        "this thread holds {MOST} shared locks; should it die, the kernel would not hand on more"
    );
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value would need the lock.
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// The right to the value until it is dropped. It stays in its thread, as the
/// lock does.
pub struct Guard<'a, T> {
    mutex: &'a Mutex<T>,
    _not_send: PhantomData<*const ()>,
}

impl<T: fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread holds the lock, and did not fork since
        // (`process` refuses), so nobody else has a reference to the value.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` is the only guard.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        HELD.set(HELD.get() - 1);
        self.mutex.raw.unlock();
        let address = ptr::from_ref(self.mutex).addr();
        let mut held = HELD_AT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = held.iter().rposition(|held| *held == address) {
            held.swap_remove(place);
        }
    }
}

/// The lock's last owner died holding it: what it was changing may be half
/// changed. Look at the value, mend it, and go on.
pub struct OwnerDied<G>(G);

impl<G> OwnerDied<G> {
    /// The lock all the same.
    pub fn into_inner(self) -> G {
        self.0
    }
}

impl<G> fmt::Debug for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerDied")
    }
}

impl<G> fmt::Display for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process that held the lock died")
    }
}

impl<G> std::error::Error for OwnerDied<G> {}
