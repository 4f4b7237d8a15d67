//! Taking a lock only if it is free, and doing something else otherwise.
//!
//! ```text
//! $ cargo run -q -p lock --example try_lock
//! MainThread: I have the lock
//! Thread-B: the lock is taken, I do something else
//! MainThread: I release the lock
//! Thread-B: the lock is free, I have it
//! ```
//!
//! Python: `lock.acquire(blocking=False)`. What to notice: `try_lock` returns at
//! once, with or without the lock, so a thread that uses nothing else never
//! takes part in a deadlock.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::{Barrier, Mutex, TryLockError};
use std::thread;

use common::{program, say};
use multiproc::thread::{Builder, current_name};

fn main() -> ExitCode {
    program::example("Takes a lock only if it is free", || {
        let (lock, step) = (Mutex::new(()), Barrier::new(2));
        let held = lock.lock().expect("nobody panics");
        say!("{}: I have the lock", current_name());
        thread::scope(|scope| {
            let other = Builder::new().name("Thread-B");
            other.spawn_scoped(scope, || {
                ask(&lock);
                step.wait();
                step.wait();
                ask(&lock);
            })?;
            step.wait();
            say!("{}: I release the lock", current_name());
            drop(held);
            step.wait();
            Ok(())
        })
    })
}

fn ask(lock: &Mutex<()>) {
    let name = current_name();
    match lock.try_lock() {
        Ok(_held) => say!("{name}: the lock is free, I have it"),
        Err(TryLockError::WouldBlock) => say!("{name}: the lock is taken, I do something else"),
        Err(TryLockError::Poisoned(_)) => say!("{name}: its last owner panicked"),
    }
}
