//! Memory that forked processes share, and the locks that keep it usable when
//! any of them may be killed at any instruction.
//!
//! | ours | Python's |
//! | --- | --- |
//! | [`Shared<AtomicU64>`](Shared) and the like | `multiprocessing.Value('Q')`, `RawValue` |
//! | a struct of them: [`shared_struct!`](crate::shared_struct) | a `ctypes.Structure` in `Value` |
//! | [`Shared<Mutex<T>>`](Mutex) | `multiprocessing.Value('Q', lock=True)`, `Lock` |
//! | [`Array<T>`](Array), claimed in parts | `multiprocessing.Array`, `shared_memory` |
//! | [`WaitWord`] | `Condition`, `Event` |
//!
//! Python's lock is a semaphore: when the process that holds it dies, it stays
//! taken, and everybody else waits for ever. A [`Mutex`] is handed on by the
//! kernel, and the next owner is told.

mod array;
mod mapping;
mod mutex;
mod raw_mutex;
mod shared_struct;
mod spins;
mod sync;
mod value;
mod wait_word;

pub use array::{Array, Claimed, Reading, Writing};
pub(crate) use mapping::Mapping;
pub use mutex::{Guard, Locked, Mutex, OwnerDied};
pub(crate) use mutex::{Held, locks_held};
pub(crate) use raw_mutex::{Acquired, Holder, RawMutex};
pub use value::{Plain, ProcessSafe, Shared};
pub use wait_word::WaitWord;
