//! A thread panics while it holds a lock: the next one is told.
//!
//! ```text
//! $ cargo run -q -p lock --example poisoned
//! before: Alice 100, Bob 0, together 100
//! thread 'Thread-A' panicked: the power is out
//! MainThread: the lock is free, and poisoned: somebody panicked holding it
//! MainThread: what was left: Alice 60, Bob 0, together 60
//! MainThread: mended: Alice 60, Bob 40, together 100
//! MainThread: the lock is as good as new
//! ```
//!
//! Python: `try` … `finally: lock.release()`. What to notice: the lock is
//! released here as well, by its guard, so nobody hangs. `finally` would have
//! done that much and no more: the next thread would have found 40 missing and
//! not known why. Here `lock` is an error until somebody has looked at the
//! value and called `clear_poison`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::{panic, thread};

use common::{program, say};
use multiproc::thread::{Builder, current_name};

#[derive(Clone, Copy)]
struct Accounts {
    alice: i64,
    bob: i64,
}

fn main() -> ExitCode {
    // The usual report of a panic goes to standard error, in several lines.
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload().downcast_ref::<&str>().unwrap_or(&"");
        say!("thread '{}' panicked: {message}", current_name());
    }));
    program::example("Shows what a panic does to a lock that is held", || {
        let accounts = Mutex::new(Accounts { alice: 100, bob: 0 });
        show(
            "before",
            &accounts.lock().unwrap_or_else(PoisonError::into_inner),
        );
        thread::scope(|scope| {
            let thread = Builder::new().name("Thread-A");
            let thread = thread.spawn_scoped(scope, || transfer(&accounts))?;
            // The panic is this error; it has been reported.
            thread.join().expect_err("it panics");
            anyhow::Ok(())
        })?;
        mend(&accounts);
        if accounts.lock().is_ok() {
            say!("{}: the lock is as good as new", current_name());
        }
        Ok(())
    })
}

fn transfer(accounts: &Mutex<Accounts>) {
    let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
    accounts.alice -= 40;
    if accounts.bob == 0 {
        panic!("the power is out");
    }
    accounts.bob += 40;
}

fn mend(accounts: &Mutex<Accounts>) {
    let name = current_name();
    let Err(poisoned) = accounts.lock() else {
        say!("{name}: nothing to mend");
        return;
    };
    say!("{name}: the lock is free, and poisoned: somebody panicked holding it");
    let mut found = poisoned.into_inner();
    show(&format!("{name}: what was left"), &found);
    found.bob = 100 - found.alice;
    show(&format!("{name}: mended"), &found);
    accounts.clear_poison();
}

fn show(when: &str, Accounts { alice, bob }: &Accounts) {
    say!("{when}: Alice {alice}, Bob {bob}, together {}", alice + bob);
}
