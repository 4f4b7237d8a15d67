//! Items written and read in place, in a `Ring`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::checks;
use multiproc::deadline::Deadline;
use multiproc::process::{Process, SpawnError};
use multiproc::queue::Error;
use multiproc::queue::process::Ring;
use multiproc::shared::Shared;
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

use crate::Check;

pub(crate) const CHECKS: &[Check] = checks![
    items_go_through_in_place,
    items_in_place_are_aligned,
    what_is_not_put_never_was,
    errors_are_those_of_put_and_get,
    room_is_waited_for_in_the_line,
    an_item_is_waited_for,
    a_killed_writer_leaves_nothing,
    a_killed_reader_leaves_the_item,
    a_stopped_reader_is_waited_for_until_the_deadline,
    no_fork_and_no_second_put,
    closing_waits_for_no_putter_but_getters_do,
];

fn now() -> Deadline {
    Deadline::after(Duration::ZERO)
}

fn next(ring: &Ring) -> Result<Vec<u8>, Error> {
    let mut item = Vec::new();
    ring.try_get(&mut item).map(|()| item)
}

/// Items of all lengths, so that some wrap around the ring's end; mixed with items
/// that are copied.
fn items_go_through_in_place() {
    const ITEMS: u32 = 20_000;
    let ring = Ring::new(100, 1000, 0).unwrap();
    let bytes = |n: u32| vec![n as u8; n as usize * 37 % 500];
    let produce = || {
        for n in 0..ITEMS {
            let bytes = bytes(n);
            if n % 3 == 0 {
                ring.put(&bytes, Deadline::NEVER).unwrap();
            } else {
                let mut room = ring.reserve(bytes.len(), Deadline::NEVER).unwrap();
                room.copy_from_slice(&bytes);
                room.put();
            }
        }
    };
    let producer = Process::spawn("producer", produce).unwrap();
    for n in 0..ITEMS {
        if n % 5 == 0 {
            let mut item = Vec::new();
            ring.get(&mut item, Deadline::NEVER).unwrap();
            assert_eq!(item, bytes(n));
        } else {
            assert_eq!(ring.front(Deadline::NEVER).unwrap()[..], bytes(n));
        }
    }
    producer.join_success().unwrap();
    assert!(ring.is_empty());
    assert_eq!(ring.unfinished(), ITEMS as usize);
}

fn items_in_place_are_aligned() {
    let ring = Ring::new(100, 4000, 0).unwrap();
    for len in (0..1000).chain([3999]) {
        let room = ring.reserve(len, now()).unwrap();
        assert_eq!((room.len(), room.as_ptr().addr() % 8), (len, 0));
        room.put();
        let item = ring.front(now()).unwrap();
        assert_eq!((item.len(), item.as_ptr().addr() % 8), (len, 0));
    }
}

fn what_is_not_put_never_was() {
    let ring = Ring::new(100, 120, 0).unwrap();
    ring.try_put(&[1; 8]).unwrap();
    ring.reserve(100, now()).unwrap().fill(2);
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut room = ring.reserve(50, now()).unwrap();
        room.fill(3);
        panic!("in the middle");
    }));
    assert!(unwound.is_err());
    assert_eq!((ring.len(), ring.unfinished()), (1, 1));
    ring.try_put(&[4; 8]).unwrap();
    assert_eq!(next(&ring).unwrap(), [1; 8]);
    assert_eq!(next(&ring).unwrap(), [4; 8]);
    assert!(matches!(next(&ring), Err(Error::Empty)));
}

fn errors_are_those_of_put_and_get() {
    let ring = Ring::new(2, 120, 0).unwrap();
    let soon = || Deadline::after(Duration::from_millis(2));
    assert!(matches!(ring.front(soon()), Err(Error::Empty)));
    let too_large = ring.reserve(121, now()).map(drop);
    assert!(matches!(
        too_large,
        Err(Error::TooLarge {
            bytes: 121,
            limit: 120
        })
    ));
    ring.reserve(120, now()).unwrap().put();
    assert!(matches!(
        ring.reserve(0, soon()).map(drop),
        Err(Error::Full)
    ));
    ring.close();
    assert!(matches!(
        ring.reserve(0, now()).map(drop),
        Err(Error::Closed)
    ));
    drop(ring.front(now()).unwrap());
    assert!(matches!(ring.front(Deadline::NEVER), Err(Error::Closed)));
}

fn room_is_waited_for_in_the_line() {
    let ring = Ring::new(100, 120, 0).unwrap();
    ring.try_put(&[0; 120]).unwrap();
    let started = Shared::new(AtomicU32::new(0)).unwrap();
    let waits = |mark: u8| {
        let (ring, started) = (&ring, &started);
        let child = Process::spawn("waits", move || {
            started.store(mark.into(), Ordering::SeqCst);
            let mut room = ring.reserve(100, Deadline::NEVER).unwrap();
            room.fill(mark);
            room.put();
        });
        let child = child.unwrap();
        while started.load(Ordering::SeqCst) < mark.into() || !crate::line::is_asleep(&child) {
            thread::yield_now();
        }
        child
    };
    let children = [1, 2, 3].map(waits);
    for mark in [0, 1, 2, 3] {
        let item = ring.front(Deadline::NEVER).unwrap();
        assert!(item.iter().all(|byte| *byte == mark), "{mark}: {item:?}");
    }
    children
        .iter()
        .for_each(|child| child.join_success().unwrap());
    // Nobody is in line any more.
    ring.try_put(&[4; 120]).unwrap();
}

fn an_item_is_waited_for() {
    let ring = Ring::new(100, 1000, 0).unwrap();
    let sum = Shared::new(AtomicU32::new(0)).unwrap();
    let get = || {
        for _ in 0..2000 {
            let item = ring.front(Deadline::NEVER).unwrap();
            let number = u32::from_ne_bytes(item[..].try_into().unwrap());
            sum.fetch_add(number, Ordering::Relaxed);
        }
    };
    let getters = [(); 3].map(|()| Process::spawn("getter", get).unwrap());
    for number in 0_u32..6000 {
        ring.put(&number.to_ne_bytes(), Deadline::NEVER).unwrap();
    }
    getters
        .iter()
        .for_each(|child| child.join_success().unwrap());
    assert!(ring.is_empty());
    assert_eq!(sum.load(Ordering::Relaxed), 6000 * 5999 / 2);
}

fn a_killed_writer_leaves_nothing() {
    let ring = Ring::new(100, 120, 0).unwrap();
    for _ in 0..50 {
        let child = Process::spawn("writer", || {
            let mut room = ring.reserve(100, Deadline::NEVER).unwrap();
            room.fill(9);
            raise(Signal::SIGKILL).unwrap();
            room.put();
        });
        child.unwrap().join().unwrap();
        assert!(ring.is_empty());
        ring.try_put(&[1; 8]).unwrap();
        assert_eq!(next(&ring).unwrap(), [1; 8]);
    }
}

fn a_killed_reader_leaves_the_item() {
    let ring = Ring::new(100, 120, 0).unwrap();
    ring.try_put(&[1; 8]).unwrap();
    ring.try_put(&[2; 8]).unwrap();
    for _ in 0..50 {
        let child = Process::spawn("reader", || {
            let item = ring.front(Deadline::NEVER).unwrap();
            assert_eq!(item[..], [1; 8]);
            raise(Signal::SIGKILL).unwrap();
        });
        child.unwrap().join().unwrap();
        assert_eq!(ring.len(), 2);
    }
    assert_eq!(ring.front(now()).unwrap()[..], [1; 8]);
    assert_eq!(next(&ring).unwrap(), [2; 8]);
}

fn a_stopped_reader_is_waited_for_until_the_deadline() {
    let ring = Ring::new(100, 120, 0).unwrap();
    ring.try_put(&[1; 8]).unwrap();
    ring.try_put(&[2; 8]).unwrap();
    let reading = Shared::new(AtomicU32::new(0)).unwrap();
    let child = Process::spawn("reader", || {
        let item = ring.front(Deadline::NEVER).unwrap();
        assert_eq!(item[..], [1; 8]);
        reading.store(1, Ordering::SeqCst);
        loop {
            assert_eq!(item[..], [1; 8]);
        }
    });
    let child = child.unwrap();
    while reading.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let pid = Pid::from_raw(child.pid().cast_signed());
    kill(pid, Signal::SIGSTOP).unwrap();
    let soon = || Deadline::after(Duration::from_millis(5));
    assert!(matches!(ring.front(soon()), Err(Error::Empty)));
    assert!(matches!(
        ring.get(&mut Vec::new(), soon()),
        Err(Error::Empty)
    ));
    // The other end goes on, and does not write over what is being read.
    while ring.try_put(&[3; 8]).is_ok() {}
    assert_eq!(ring.len(), 8);
    kill(pid, Signal::SIGCONT).unwrap();
    assert!(
        child
            .join_timeout(Duration::from_millis(5))
            .unwrap()
            .is_none()
    );
    child.kill().unwrap();
    child.join().unwrap();
    assert_eq!(next(&ring).unwrap(), [1; 8]);
    assert_eq!(next(&ring).unwrap(), [2; 8]);
}

fn no_fork_and_no_second_put() {
    let ring = Ring::new(100, 120, 0).unwrap();
    let refused = || matches!(Process::spawn("child", || ()), Err(SpawnError::LockHeld));
    let panics = |act: &dyn Fn()| catch_unwind(AssertUnwindSafe(act)).is_err();
    ring.try_put(&[1; 8]).unwrap();
    let room = ring.reserve(8, now()).unwrap();
    assert!(refused());
    assert!(panics(&|| ring.try_put(&[2; 8]).unwrap()));
    // The other end is free.
    let item = ring.front(now()).unwrap();
    assert!(panics(&|| drop(next(&ring))));
    room.put();
    assert!(refused());
    drop(item);
    assert_eq!(next(&ring).unwrap().len(), 8);
    assert!(!refused());
}

/// A putter in the middle of its put, as one that is stopped there. Closing does not
/// wait for it, nor do those who can put no more.
fn closing_waits_for_no_putter_but_getters_do() {
    for dies in [false, true] {
        let ring = Ring::new(100, 120, 0).unwrap();
        ring.try_put(&[1; 8]).unwrap();
        let putting = Shared::new(AtomicU32::new(0)).unwrap();
        let child = Process::spawn("putter", || {
            let mut room = ring.reserve(8, Deadline::NEVER).unwrap();
            room.fill(2);
            putting.store(1, Ordering::SeqCst);
            raise(Signal::SIGSTOP).unwrap();
            room.put();
        });
        let child = child.unwrap();
        // Not before: a SIGCONT that comes first would be lost on it.
        while !crate::line::is_stopped(&child) {
            thread::yield_now();
        }
        let waiting = Process::spawn("waiting", || {
            putting.store(2, Ordering::SeqCst);
            let refused = ring.put(&[3; 8], Deadline::NEVER);
            assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
        });
        while putting.load(Ordering::SeqCst) == 1 {
            thread::yield_now();
        }
        ring.close();
        ring.close();
        waiting.unwrap().join_success().unwrap();
        let refused = ring.put(&[3; 8], Deadline::NEVER);
        assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
        assert!(matches!(ring.try_put(&[3; 8]), Err(Error::Closed)));
        assert!(ring.is_closed());
        assert_eq!(next(&ring).unwrap(), [1; 8]);
        assert!(matches!(next(&ring), Err(Error::Empty)));
        let mut item = Vec::new();
        let soon = Deadline::after(Duration::from_millis(5));
        assert!(matches!(ring.get(&mut item, soon), Err(Error::Empty)));
        assert!(matches!(ring.front(now()), Err(Error::Empty)));
        if dies {
            child.kill().unwrap();
            child.join().unwrap();
        } else {
            kill(Pid::from_raw(child.pid().cast_signed()), Signal::SIGCONT).unwrap();
            ring.get(&mut item, Deadline::NEVER).unwrap();
            assert_eq!(item, [2; 8]);
            child.join_success().unwrap();
        }
        let end = ring.get(&mut item, Deadline::NEVER);
        assert!(matches!(end, Err(Error::Closed)), "{end:?}");
        assert!(matches!(ring.try_put(&[3; 8]), Err(Error::Closed)));
        ring.close();
        assert!(matches!(next(&ring), Err(Error::Closed)));
    }
}
