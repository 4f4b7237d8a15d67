//! The standard library's macro beside the crate's object.
//!
//! ```text
//! $ cargo run -q -p threadlocal --example std_thread_local
//! the macro:  a new thread starts from 0, counts to 3
//! the macro:  the value of Counter-1 is dropped as the thread ends
//! the object: a new thread starts from 0, counts to 3
//! the object: the thread has ended, its value is still there: 3
//! the object: the next thread may get that value: dropped 0 so far
//! the object: dropped with all its values: 1
//! ```
//!
//! Python's `threading.local` is in between: an object, whose values go with
//! their threads. What to notice: when a value is dropped. The macro's belong to
//! the thread, are `static` always, and nobody else can see them. The crate's
//! belong to the object, which may be a field or a local variable, and its
//! owner can look at all of them (`iterate_and_sum`).
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{program, say};
use multiproc::thread::{Builder, Thread, current_name};
use thread_local::ThreadLocal;

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[derive(Default)]
struct Counter(Cell<u32>);

impl Counter {
    fn count(&self, which: &str) {
        let start = self.0.get();
        self.0.set(start + 3);
        say!(
            "{which} a new thread starts from {start}, counts to {}",
            self.0.get()
        );
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

/// Says so when the thread that it belongs to ends.
#[derive(Default)]
struct Farewell(RefCell<String>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let name = self.0.borrow();
        say!("the macro:  the value of {name} is dropped as the thread ends");
    }
}

thread_local! {
    static COUNTER: Cell<u32> = const { Cell::new(0) };
    static FAREWELL: Farewell = Farewell::default();
}

fn main() -> ExitCode {
    program::example("Compares two kinds of thread-local variables", || {
        let thread = Thread::named("Counter-1", || {
            FAREWELL.with(|farewell| *farewell.0.borrow_mut() = current_name());
            COUNTER.set(COUNTER.get() + 3);
            say!(
                "the macro:  a new thread starts from 0, counts to {}",
                COUNTER.get()
            );
        })?;
        thread.join()?;
        the_object()
    })
}

fn the_object() -> anyhow::Result<()> {
    let mut counters: ThreadLocal<Counter> = ThreadLocal::new();
    std::thread::scope(|scope| {
        let count = || counters.get_or_default().count("the object:");
        Builder::new().spawn_scoped(scope, count).map(drop)
    })?;
    let values: Vec<_> = counters.iter_mut().map(|counter| counter.0.get()).collect();
    say!(
        "the object: the thread has ended, its value is still there: {}",
        values[0]
    );
    let dropped = || DROPPED.load(Ordering::SeqCst);
    say!(
        "the object: the next thread may get that value: dropped {} so far",
        dropped()
    );
    drop(counters);
    say!("the object: dropped with all its values: {}", dropped());
    Ok(())
}
