//! A lock between processes, with the value that it guards.

#![expect(
    unsafe_code,
    reason = "the guard makes references to the value; a function for the C library"
)]

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};
use std::ptr;
use std::sync::{LazyLock, PoisonError};
use std::time::Duration;

use super::raw_mutex::{Acquired, Holder, RawMutex};
use super::value::{Plain, ProcessSafe};
use crate::deadline::Deadline;

thread_local! {
    /// How many guards this thread holds. A fork would copy the guards but not
    /// the locks: see [`locks_held`].
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Ends this process if this thread ends with a guard that was leaked, as safe
/// code may (`mem::forget`, `Box::leak`). The kernel would hand the lock on, while
/// another thread of this process might still use what the guard had lent it.
fn watch_for_leaks() {
    thread_local! {
        static WATCHED: Cell<bool> = const { Cell::new(false) };
    }
    // The C library calls this after all thread-local values are dropped, some
    // of which may hold guards, and before the kernel looks at the locks. Not for
    // the main thread: what ends with it is the process.
    unsafe extern "C" fn at_thread_end(_: *mut libc::c_void) {
        if HELD.get() > 0 {
            eprintln!("a thread has ended that leaked the guard of a shared lock");
            std::process::abort();
        }
    }
    static KEY: LazyLock<Option<libc::pthread_key_t>> = LazyLock::new(|| {
        let mut key = 0;
        // SAFETY: `key` is written by the call, and the function lives on.
        let result = unsafe { libc::pthread_key_create(&raw mut key, Some(at_thread_end)) };
        (result == 0).then_some(key)
    });
    if !WATCHED.replace(true) {
        // The function is called only for a value that is not null.
        let value = ptr::without_provenance(1);
        // SAFETY: the key was created, and its value is never read.
        let set = KEY.map(|key| unsafe { libc::pthread_setspecific(key, value) });
        assert_eq!(set, Some(0), "no room for what watches over shared locks");
    }
}

/// How many locks a thread may hold: see [`Mutex`]. (The kernel's
/// `ROBUST_LIST_LIMIT`, less those that a queue holds for a moment.)
const MOST: usize = 2040;

/// The addresses of the locks that this process holds. The C library links held
/// locks into a list, so their memory must stay mapped: see [`any_held`].
static HELD_AT: std::sync::Mutex<Vec<usize>> = std::sync::Mutex::new(Vec::new());

/// Whether this process holds a lock in `memory`. It does only if a guard was
/// forgotten (`mem::forget`): one still in use borrows the memory.
pub(crate) fn any_held(memory: Range<usize>) -> bool {
    let held = HELD_AT.lock().unwrap_or_else(PoisonError::into_inner);
    held.iter().any(|address| memory.contains(address))
}

/// How many shared locks this thread holds. A fork with any is refused: the
/// child would think it holds the lock too.
pub(crate) fn locks_held() -> usize {
    HELD.get()
}

/// A value in shared memory that one process at a time may use: a
/// `std::sync::Mutex` between processes. Unlike `multiprocessing.Lock`, it
/// survives the death of its owner.
///
/// It works only inside [`Shared`](super::Shared).
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
/// Locking it twice in one thread panics rather than hangs. So does holding more
/// than 2,040 of them in one thread: when a thread dies, the kernel hands on only
/// its first 2,048 locks (of which a queue may need a few), and whoever waited for
/// one of the others would wait for ever.
///
/// A thread that ends after it has leaked a guard aborts its process: another
/// thread could still use the value, and the lock would be handed on.
#[repr(C)]
pub struct Mutex<T> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: the mutex is made for shared memory, and the value may live there. The
// value is plain, because whoever has the guard may replace it with another.
unsafe impl<T: Plain> ProcessSafe for Mutex<T> {
    fn init_in_place(&self) {
        self.raw.init_in_place();
    }
}

// SAFETY: the lock gives the value to one thread of one process at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// The lock; as an error if its last owner died holding it.
pub type Locked<'a, T> = Result<Guard<'a, T>, OwnerDied<Guard<'a, T>>>;

impl<T> Mutex<T> {
    /// A lock around `value`. Move it into [`Shared`](super::Shared).
    pub const fn new(value: T) -> Self {
        Mutex {
            raw: RawMutex::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock, waiting as long as it takes.
    ///
    /// # Errors
    ///
    /// [`OwnerDied`], with the guard in it, if the last owner died holding the
    /// lock. Only the next owner gets it.
    pub fn lock(&self) -> Locked<'_, T> {
        allow_one_more();
        self.guard(self.raw.lock())
    }

    /// Takes the lock if it is free, or returns `None`.
    pub fn try_lock(&self) -> Option<Locked<'_, T>> {
        allow_one_more();
        self.raw.try_lock().map(|acquired| self.guard(acquired))
    }

    /// Takes the lock, or returns `None` if it is not free within `timeout`.
    pub fn lock_timeout(&self, timeout: Duration) -> Option<Locked<'_, T>> {
        allow_one_more();
        self.raw
            .lock_until(|| Deadline::after(timeout))
            .map(|acquired| self.guard(acquired))
    }

    /// Who holds the lock at this moment.
    pub(super) fn holder(&self) -> Holder {
        self.raw.holder()
    }

    fn guard(&self, acquired: Acquired) -> Locked<'_, T> {
        let guard = Guard {
            mutex: self,
            _held: Held::note(self),
        };
        match acquired {
            Acquired::Released => Ok(guard),
            Acquired::OwnerDied => Err(OwnerDied(guard)),
        }
    }
}

/// A lock that this thread holds, noted for as long as this exists: it may not
/// fork, and the lock's memory has to stay.
pub(crate) struct Held {
    at: usize,
    _not_send: PhantomData<*const ()>,
}

impl Held {
    pub(crate) fn note<L>(lock: &L) -> Self {
        watch_for_leaks();
        HELD.set(HELD.get() + 1);
        let at = ptr::from_ref(lock).addr();
        let mut held = HELD_AT.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(at);
        Held {
            at,
            _not_send: PhantomData,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.set(HELD.get() - 1);
        let mut held = HELD_AT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = held.iter().rposition(|held| *held == self.at) {
            held.swap_remove(place);
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
        // Printing the value would need the lock.
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// The lock, held until this is dropped. It cannot move to another thread: the
/// lock belongs to the one that took it.
pub struct Guard<'a, T> {
    mutex: &'a Mutex<T>,
    _held: Held,
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
        self.mutex.raw.unlock();
    }
}

/// The lock's last owner died holding it, so the value may be half changed. Check
/// it, repair it, and go on.
///
/// ```
/// use multiproc::shared::{Mutex, Shared};
///
/// // A transfer between two accounts: the sum must not change.
/// let accounts = Shared::new(Mutex::new([70_u64, 30]))?;
/// let mut accounts = accounts.lock().unwrap_or_else(|died| {
///     let mut accounts = died.into_inner();
///     accounts[1] = 100 - accounts[0];
///     accounts
/// });
/// accounts[0] -= 10;
/// accounts[1] += 10;
/// assert_eq!(*accounts, [60, 40]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct OwnerDied<G>(pub(super) G);

impl<G> OwnerDied<G> {
    /// The guard: the lock is held all the same.
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
