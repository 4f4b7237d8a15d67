//! Two consumers claim, one of them dies at each of its steps, and a helper asks
//! what it had in hand.

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

const ITEMS: u64 = 2;

struct Ring {
    /// A robust lock: what it guards is whether its last owner died.
    lock: Mutex<bool>,
    head: AtomicU64,
    claims: [AtomicU64; 2],
    /// How often each item was dealt with.
    done: [AtomicU64; ITEMS as usize],
}

/// 0 is no claim.
fn claimed(head: u64) -> u64 {
    head + 1
}

impl Ring {
    fn new() -> Arc<Self> {
        Arc::new(Ring {
            lock: Mutex::new(false),
            head: AtomicU64::new(0),
            claims: [AtomicU64::new(0), AtomicU64::new(0)],
            done: [AtomicU64::new(0), AtomicU64::new(0)],
        })
    }

    /// As `lock_head`.
    fn lock(&self) -> loom::sync::MutexGuard<'_, bool> {
        let mut died = self.lock.lock().unwrap();
        if *died {
            let at = self.head.load(Ordering::Relaxed);
            let taken = |claim: &AtomicU64| claim.load(Ordering::Acquire) == claimed(at);
            if self.claims.iter().any(taken) {
                self.head.store(at + 1, Ordering::Release);
            }
            *died = false;
        }
        died
    }

    /// Claims and deals with one item; dies after so many steps.
    fn consume(&self, claim: usize, steps: u32) {
        let mut left = steps;
        let mut dies = || {
            left = left.saturating_sub(1);
            left == 0
        };
        let mut died = self.lock();
        let at = self.head.load(Ordering::Relaxed);
        if at == ITEMS || dies() {
            *died = at < ITEMS;
            return;
        }
        self.claims[claim].store(claimed(at), Ordering::Release);
        if dies() {
            *died = true;
            return;
        }
        self.head.store(at + 1, Ordering::Release);
        if dies() {
            *died = true;
            return;
        }
        drop(died);
        if dies() {
            return;
        }
        self.done[at as usize].fetch_add(1, Ordering::Relaxed);
        self.claims[claim].store(0, Ordering::Release);
    }

    /// As `Ring::claimed`.
    fn claimed(&self, claim: usize) -> Option<u64> {
        let claim = &self.claims[claim];
        let item = claim.load(Ordering::Acquire);
        if item == claimed(self.head.load(Ordering::Acquire)) {
            drop(self.lock());
        }
        claim.store(0, Ordering::Release);
        item.checked_sub(1)
    }
}

#[test]
fn each_item_is_dealt_with_or_died_with_once() {
    const STEPS: u32 = 5;
    for steps in 1..=STEPS {
        loom::model(move || {
            let ring = Ring::new();
            let other = Arc::clone(&ring);
            let other = thread::spawn(move || {
                other.consume(1, u32::MAX);
                other.consume(1, u32::MAX);
            });
            let victim = Arc::clone(&ring);
            let victim = thread::spawn(move || victim.consume(0, steps));
            victim.join().unwrap();
            // While the other goes on.
            if let Some(item) = ring.claimed(0) {
                ring.done[item as usize].fetch_add(1, Ordering::Relaxed);
            }
            other.join().unwrap();
            // The next one comes, and finds what is left.
            ring.consume(1, u32::MAX);
            ring.consume(1, u32::MAX);
            for done in &ring.done {
                assert_eq!(done.load(Ordering::Relaxed), 1);
            }
        });
    }
}
