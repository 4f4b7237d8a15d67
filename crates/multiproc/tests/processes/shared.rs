//! `multiproc::shared`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::checks;
use multiproc::deadline::Deadline;
use multiproc::process::Process;
use multiproc::shared::{Mutex, Shared, WaitWord};

use crate::Check;

pub(crate) const CHECKS: &[Check] = checks![
    a_counter_under_a_lock_is_exact,
    a_dead_owner_hands_on_the_lock_once,
    a_dead_owner_wakes_who_waits,
    a_lock_is_tried_and_timed,
    locking_twice_panics,
    waiters_wake_each_other,
    a_killed_waiter_is_not_missed,
    slices_are_shared,
    a_forgotten_guard,
];

fn a_counter_under_a_lock_is_exact() {
    let counter = Shared::new(Mutex::new((0_u64, 0_u64))).unwrap();
    let add = || {
        for _ in 0..50_000 {
            let mut value = counter.lock().unwrap();
            value.0 += 1;
            value.1 += 2;
        }
    };
    let children: Vec<_> = (0..4)
        .map(|_| Process::spawn("adder", add).unwrap())
        .collect();
    for child in children {
        child.join_success().unwrap();
    }
    assert_eq!(*counter.lock().unwrap(), (200_000, 400_000));
}

fn a_dead_owner_hands_on_the_lock_once() {
    let lock = Shared::new(Mutex::new(1_u32)).unwrap();
    for _ in 0..100 {
        let owner = Process::spawn("owner", || {
            let mut value = lock.lock().unwrap_or_else(|died| died.into_inner());
            *value = 2;
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
            *value = 3;
        });
        owner.unwrap().join().unwrap();
        let Err(died) = lock.lock() else {
            panic!("the owner's death was not told")
        };
        assert_eq!(died.to_string(), "the process that held the lock died");
        assert_eq!(*died.into_inner(), 2);
        // Told once: the lock is as good as new.
        assert_eq!(*lock.lock().unwrap(), 2);
    }
}

fn a_dead_owner_wakes_who_waits() {
    let lock = Shared::new(Mutex::new(())).unwrap();
    let taken = Shared::new(AtomicU32::new(0)).unwrap();
    let owner = Process::spawn("owner", || {
        let _guard = lock.lock().unwrap();
        taken.store(1, Ordering::SeqCst);
        thread::park();
    })
    .unwrap();
    while taken.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let waiter = Process::spawn("waiter", || i32::from(lock.lock().is_ok())).unwrap();
    assert_eq!(
        waiter.join_timeout(Duration::from_millis(20)).unwrap(),
        None
    );
    owner.kill().unwrap();
    waiter.join_success().unwrap();
}

fn a_lock_is_tried_and_timed() {
    let lock = Shared::new(Mutex::new(())).unwrap();
    let guard = lock.try_lock().unwrap().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(lock.try_lock().is_none());
            assert!(lock.lock_timeout(Duration::from_millis(10)).is_none());
        });
    });
    drop(guard);
    assert!(lock.lock_timeout(Duration::MAX).is_some());
}

fn locking_twice_panics() {
    let lock = Shared::new(Mutex::new(())).unwrap();
    let child = Process::spawn("twice", || {
        let _first = lock.lock().unwrap();
        let _second = lock.lock();
    });
    assert_eq!(
        child.unwrap().join().unwrap(),
        multiproc::process::ExitStatus::Code(101)
    );
}

fn waiters_wake_each_other() {
    let waiters = Shared::new((WaitWord::new(), AtomicU32::new(0))).unwrap();
    let take = || {
        let attempt = || {
            let count = &waiters.1;
            let taken =
                count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            taken.ok().map(|before| ((), before > 1))
        };
        waiters.0.wait_until(Deadline::NEVER, || true, attempt);
    };
    let children: Vec<_> = (0..20)
        .map(|_| Process::spawn("taker", take).unwrap())
        .collect();
    for _ in 0..20 {
        waiters.1.fetch_add(1, Ordering::SeqCst);
        waiters.0.wake_one();
    }
    for child in children {
        child.join_success().unwrap();
    }
}

fn a_killed_waiter_is_not_missed() {
    let waiters = Shared::new((WaitWord::new(), AtomicU32::new(0))).unwrap();
    let wait = || {
        let open = || (waiters.1.load(Ordering::SeqCst) == 1).then_some(((), true));
        waiters.0.wait_until(Deadline::NEVER, || true, open);
    };
    let mut children: Vec<_> = (0..10)
        .map(|_| Process::spawn("waiter", wait).unwrap())
        .collect();
    for child in children.drain(..9) {
        child.kill().unwrap();
        child.join().unwrap();
    }
    waiters.1.store(1, Ordering::SeqCst);
    // May be meant for one of the dead; the living one looks again by itself.
    waiters.0.wake_one();
    children[0].join_success().unwrap();
}

fn slices_are_shared() {
    let numbers = Shared::slice(5, |index| AtomicU32::new(index as u32)).unwrap();
    let add = || {
        for number in numbers.iter() {
            number.fetch_add(10, Ordering::SeqCst);
        }
    };
    Process::spawn("adder", add)
        .unwrap()
        .join_success()
        .unwrap();
    let seen: Vec<_> = numbers
        .iter()
        .map(|number| number.load(Ordering::SeqCst))
        .collect();
    assert_eq!(seen, [10, 11, 12, 13, 14]);
}

/// The C library links the locks that a thread holds into a list; the memory of
/// one that is never released must not go away.
fn a_forgotten_guard() {
    for _ in 0..3 {
        let lock = Shared::new(Mutex::new(0_u32)).unwrap();
        // Mapped before the first goes, so that it cannot take its place.
        let other = Shared::new(Mutex::new(0_u32)).unwrap();
        std::mem::forget(lock.lock().unwrap());
        drop(lock);
        *other.lock().unwrap() += 1;
    }
}
