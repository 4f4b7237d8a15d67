//! A coroutine that is dropped where it waits: what has happened, and what not.
//!
//! ```text
//! $ cargo run -q -p coroutine --example cancel
//! cancelled between two steps: Alice 70, Bob 0, together 70
//! with a guard that undoes the first: Alice 100, Bob 0, together 100
//! as a task that nobody cancels: Alice 70, Bob 30, together 100
//! ```
//!
//! What to notice: a future that is dropped stops at its `await`. What was before
//! it has happened, what comes after it does not, and nothing is told: no error,
//! no exception. Only destructors run. Python raises `CancelledError` at the
//! `await` (docs/python/coroutine_cancel.py), which a `finally` sees, and which
//! the coroutine can refuse. What must not be cut in two goes into a task of its
//! own: dropping its handle does not end it.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use common::{program, say};
use coroutine::event_loop::{run, sleep, spawn};

/// Stands for the answer of another machine.
const ANSWER: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_millis(1);

#[derive(Clone)]
struct Accounts {
    alice: Rc<Cell<i32>>,
    bob: Rc<Cell<i32>>,
}

fn main() -> ExitCode {
    program::example("Shows what a cancelled coroutine leaves behind", || {
        run(async {
            let accounts = Accounts::new();
            let task = spawn(transfer(accounts.clone(), 30));
            sleep(SOON).await;
            task.abort();
            accounts.say("cancelled between two steps");

            let accounts = Accounts::new();
            let task = spawn(transfer_or_undo(accounts.clone(), 30));
            sleep(SOON).await;
            task.abort();
            accounts.say("with a guard that undoes the first");

            let accounts = Accounts::new();
            let mine = accounts.clone();
            let (inner, told) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
            let (done, begun) = (Rc::clone(&inner), Rc::clone(&told));
            let task = spawn(async move {
                let inner = spawn(async move {
                    transfer(mine, 30).await;
                    done.set(true);
                });
                begun.set(true);
                inner.await
            });
            while !told.get() {
                sleep(SOON).await;
            }
            task.abort();
            while !inner.get() {
                sleep(SOON).await;
            }
            accounts.say("as a task that nobody cancels");
        })?;
        Ok(())
    })
}

// ANCHOR: cancel
async fn transfer(accounts: Accounts, sum: i32) {
    accounts.add_to_alice(-sum);
    sleep(ANSWER).await;
    accounts.add_to_bob(sum);
}

async fn transfer_or_undo(accounts: Accounts, sum: i32) {
    accounts.add_to_alice(-sum);
    let undo = Undo(accounts.clone(), sum);
    sleep(ANSWER).await;
    accounts.add_to_bob(sum);
    // It went well: nothing is to be undone.
    std::mem::forget(undo);
}

struct Undo(Accounts, i32);

impl Drop for Undo {
    fn drop(&mut self) {
        self.0.add_to_alice(self.1);
    }
}
// ANCHOR_END: cancel

impl Accounts {
    fn new() -> Self {
        Accounts {
            alice: Rc::new(Cell::new(100)),
            bob: Rc::default(),
        }
    }

    fn add_to_alice(&self, sum: i32) {
        self.alice.set(self.alice.get() + sum);
    }

    fn add_to_bob(&self, sum: i32) {
        self.bob.set(self.bob.get() + sum);
    }

    fn say(&self, what: &str) {
        let (alice, bob) = (self.alice.get(), self.bob.get());
        say!("{what}: Alice {alice}, Bob {bob}, together {}", alice + bob);
    }
}
