//! `multiproc::shared`.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::checks;
use multiproc::deadline::Deadline;
use multiproc::process::{ExitStatus, Process};
use multiproc::shared::{Guard, Mutex, Shared, WaitWord};
use multiproc::shared_struct;

use crate::Check;

shared_struct! {
    struct Counted {
        waiting: WaitWord,
        count: AtomicU32,
    }
}

impl Counted {
    fn new() -> Shared<Self> {
        let counted = Counted {
            waiting: WaitWord::new(),
            count: AtomicU32::new(0),
        };
        Shared::new(counted).unwrap()
    }
}

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
    a_thread_that_leaks_a_guard_takes_its_process_along,
    all_the_locks_of_the_dead_are_handed_on,
    structs_are_shared,
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
    assert_eq!(child.unwrap().join().unwrap(), ExitStatus::Code(101));
}

fn waiters_wake_each_other() {
    let place = Counted::new();
    let take = || {
        let attempt = || {
            let count = &place.count;
            let taken =
                count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            taken.ok().map(|before| ((), before > 1))
        };
        place.waiting.wait_until(Deadline::NEVER, || true, attempt);
    };
    let children: Vec<_> = (0..20)
        .map(|_| Process::spawn("taker", take).unwrap())
        .collect();
    for _ in 0..20 {
        place.count.fetch_add(1, Ordering::SeqCst);
        place.waiting.wake_one();
    }
    for child in children {
        child.join_success().unwrap();
    }
}

fn a_killed_waiter_is_not_missed() {
    let place = Counted::new();
    let wait = || {
        let open = || (place.count.load(Ordering::SeqCst) == 1).then_some(((), true));
        place.waiting.wait_until(Deadline::NEVER, || true, open);
    };
    let mut children: Vec<_> = (0..10)
        .map(|_| Process::spawn("waiter", wait).unwrap())
        .collect();
    for child in children.drain(..9) {
        child.kill().unwrap();
        child.join().unwrap();
    }
    place.count.store(1, Ordering::SeqCst);
    // May be meant for one of the dead; the living one looks again by itself.
    place.waiting.wake_one();
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

/// What a leaked guard has lent may be in use when its thread has ended: nobody
/// else may get it.
fn a_thread_that_leaks_a_guard_takes_its_process_along() {
    let lock = Shared::new(Mutex::new(0_u32)).unwrap();
    let leaks = || {
        // Joined: a scope by itself waits for the closure, not for the thread's end.
        let leak = || std::mem::forget(lock.lock().unwrap());
        thread::scope(|scope| scope.spawn(leak).join().unwrap());
    };
    let child = Process::spawn("leaks", leaks).unwrap();
    assert_eq!(child.join().unwrap(), ExitStatus::Signal(libc::SIGABRT));
    // A process that is gone as a whole hands it on as ever.
    assert!(lock.lock().is_err());
    // One that a thread-local value gives back in time is no leak.
    let keeps = || {
        thread_local! {
            static KEPT: RefCell<Option<Guard<'static, u32>>> = const { RefCell::new(None) };
        }
        let lock: &Mutex<u32> = Box::leak(Box::new(Shared::new(Mutex::new(0)).unwrap()));
        let keep = || KEPT.set(Some(lock.lock().unwrap()));
        thread::scope(|scope| scope.spawn(keep).join().unwrap());
        assert!(lock.try_lock().unwrap().is_ok());
    };
    let child = Process::spawn("keeps", keeps).unwrap();
    child.join_success().unwrap();
}

/// As many as one thread may hold; one more is refused.
fn all_the_locks_of_the_dead_are_handed_on() {
    const MOST: usize = 2040;
    let locks = Shared::slice(MOST + 1, |_| Mutex::new(())).unwrap();
    let hold = |how_many: usize| {
        for lock in &locks[..how_many] {
            std::mem::forget(lock.lock().unwrap_or_else(|died| died.into_inner()));
        }
        multiproc::process::exit_now(0)
    };
    let child = Process::spawn("too many", || -> () { hold(MOST + 1) });
    assert_eq!(child.unwrap().join().unwrap(), ExitStatus::Code(101));
    let child = Process::spawn("most", || -> () { hold(MOST) });
    child.unwrap().join_success().unwrap();
    let died =
        |lock: &Mutex<()>| matches!(lock.lock_timeout(Duration::from_secs(60)), Some(Err(_)));
    assert!(locks[..MOST].iter().all(died));
    assert!(locks[MOST].try_lock().unwrap().is_ok());
}

fn structs_are_shared() {
    shared_struct! {
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct Plain {
            low: u64,
            high: u64,
        }
    }
    shared_struct! {
        struct Whole {
            range: Mutex<Plain>,
            changes: [AtomicU32; 3],
        }
    }
    let whole = Shared::new(Whole {
        range: Mutex::new(Plain { low: 1, high: 2 }),
        changes: [const { AtomicU32::new(0) }; 3],
    })
    .unwrap();
    let change = || {
        *whole.range.lock().unwrap() = Plain { low: 3, high: 4 };
        whole.changes[2].fetch_add(1, Ordering::SeqCst);
        // Its lock was made in place: it is handed on.
        let guard = whole.range.lock();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
        drop(guard);
    };
    Process::spawn("changer", change).unwrap().join().unwrap();
    let Err(died) = whole.range.lock() else {
        panic!("the owner's death was not told")
    };
    assert_eq!(*died.into_inner(), Plain { low: 3, high: 4 });
    assert_eq!(whole.changes[2].load(Ordering::SeqCst), 1);
}
