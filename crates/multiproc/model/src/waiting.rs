//! Those who wait, those who wake, and those who die.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::deadline::Deadline;
use crate::sync::let_time_pass;
use crate::wait_word::WaitWord;

struct Things {
    word: WaitWord,
    count: AtomicU32,
}

impl Things {
    fn new() -> Arc<Self> {
        let count = AtomicU32::new(0);
        let word = WaitWord::new();
        Arc::new(Things { word, count })
    }

    /// One is made. Ordered by nothing but the wait word itself.
    fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.word.wake_one();
    }

    fn take(&self) -> Option<((), bool)> {
        let less = |count: u32| count.checked_sub(1);
        let before = self
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        before.ok().map(|before| ((), before > 1))
    }

    fn wait(&self) {
        self.word
            .wait_until(Deadline::NEVER, || true, || self.take())
            .unwrap();
    }

    /// Waits, and dies when it looks for the `look`th time.
    fn wait_and_die(&self, look: u32) {
        let mut looks = 0;
        let attempt = || {
            looks += 1;
            if looks == look {
                resume_unwind(Box::new("killed"));
            }
            self.take()
        };
        let wait = || self.word.wait_until(Deadline::NEVER, || true, attempt);
        let _ = catch_unwind(AssertUnwindSafe(wait));
    }
}

fn model(scene: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(scene);
}

#[test]
fn no_wake_up_is_lost() {
    model(|| {
        let things = Things::new();
        let waiter = Arc::clone(&things);
        let waiter = thread::spawn(move || waiter.wait());
        things.add();
        waiter.join().unwrap();
    });
}

#[test]
fn two_wake_ups_wake_two() {
    model(|| {
        let things = Things::new();
        let waiters = [(); 2].map(|()| {
            let things = Arc::clone(&things);
            thread::spawn(move || things.wait())
        });
        things.add();
        things.add();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

/// One that dies, at its first look or when it was woken, may take wake-ups with
/// it, but nothing else: once time has passed, all is as before.
#[test]
fn the_dead_take_wake_ups_and_nothing_else() {
    for look in 1..=2 {
        model(move || {
            let things = Things::new();
            let dying = Arc::clone(&things);
            let dying = thread::spawn(move || dying.wait_and_die(look));
            let waiter = Arc::clone(&things);
            let waiter = thread::spawn(move || waiter.wait());
            things.add();
            things.add();
            dying.join().unwrap();
            let_time_pass();
            waiter.join().unwrap();
        });
    }
}
