//! Waiting for room in `multiproc::queue::process`: who gets it, in what order.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::checks;
use multiproc::deadline::Deadline;
use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::Ring;
use multiproc::shared::Shared;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Check;

pub(crate) const CHECKS: &[Check] = checks![
    a_large_putter_does_not_slow_down_small_ones,
    room_is_given_in_the_order_of_asking,
    where_there_is_room_for_all_nobody_waits,
    the_dead_do_not_hold_up_the_line,
    a_stopped_putter_holds_up_the_others_once,
    who_gives_up_leaves_the_line,
    a_closed_queue_has_no_line,
    more_putters_than_the_line_is_long,
    killed_putters_of_all_sizes,
];

/// 128 units: 64 items of 8 bytes, or one of [`WHOLE`].
fn ring() -> Ring {
    Ring::new(1000, WHOLE, 0).unwrap()
}

const WHOLE: usize = 127 * 8;

/// Fills the ring with items of 8 bytes, and returns how many it holds.
fn fill(ring: &Ring) -> usize {
    (0..).take_while(|_| ring.try_put(&[0; 8]).is_ok()).count()
}

/// A child that puts `bytes` bytes of `mark`, asleep in the line.
fn putter(ring: &Ring, mark: u8, bytes: usize) -> Process {
    let started = Shared::new(AtomicU32::new(0)).unwrap();
    let child = Process::spawn("putter", || {
        started.store(1, Ordering::SeqCst);
        ring.put(&vec![mark; bytes], Deadline::NEVER).unwrap();
    })
    .unwrap();
    while started.load(Ordering::SeqCst) == 0 || !is_asleep(&child) {
        thread::yield_now();
    }
    child
}

pub(crate) fn is_asleep(child: &Process) -> bool {
    state(child) == 'S'
}

pub(crate) fn is_stopped(child: &Process) -> bool {
    state(child) == 'T'
}

/// As `ps` has it.
fn state(child: &Process) -> char {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.pid())).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

fn get(ring: &Ring) -> Vec<u8> {
    let mut bytes = Vec::new();
    ring.get(&mut bytes, Deadline::NEVER).unwrap();
    bytes
}

fn a_large_putter_does_not_slow_down_small_ones() {
    let ring = ring();
    let large = Process::spawn("large", || {
        (0..200).for_each(|_| ring.put(&[1; WHOLE - 100], Deadline::NEVER).unwrap());
    });
    let small = Process::spawn("small", || {
        (0..20_000).for_each(|_| ring.put(&[2; 8], Deadline::NEVER).unwrap());
    });
    for _ in 0..20_200 {
        get(&ring);
    }
    large.unwrap().join_success().unwrap();
    small.unwrap().join_success().unwrap();
}

fn room_is_given_in_the_order_of_asking() {
    let ring = ring();
    let before = fill(&ring);
    let large = putter(&ring, 1, WHOLE / 2);
    let small = [2, 3, 4].map(|mark| putter(&ring, mark, 8));
    for _ in 0..before / 4 {
        get(&ring);
        // There is room, but it was asked for before.
        assert!(matches!(ring.try_put(&[5; 8]), Err(Error::Full)));
    }
    assert_eq!(ring.len(), before - before / 4);
    for _ in before / 4..before {
        assert_eq!(get(&ring), [0; 8]);
    }
    let order: Vec<u8> = (0..4).map(|_| get(&ring)[0]).collect();
    assert_eq!(order, [1, 2, 3, 4]);
    large.join_success().unwrap();
    small.iter().for_each(|child| child.join_success().unwrap());
    ring.try_put(&[0; WHOLE]).unwrap();
}

fn where_there_is_room_for_all_nobody_waits() {
    // A sleeper that does not take its room loses its turn after a while: once
    // more if that may have been so.
    while !puts_beside_a_sleeper() {}
}

fn puts_beside_a_sleeper() -> bool {
    let ring = ring();
    fill(&ring);
    let sleeper = putter(&ring, 1, 8);
    kill(pid(&sleeper), Signal::SIGSTOP).unwrap();
    let start = Instant::now();
    get(&ring);
    let for_one = ring.try_put(&[2; 8]);
    get(&ring);
    // Room for two: one of them is the sleeper's.
    let for_two = ring.try_put(&[2; 8]);
    let for_one_again = ring.try_put(&[3; 8]);
    let in_time = start.elapsed() < Duration::from_millis(200);
    if in_time {
        assert!(matches!(for_one, Err(Error::Full)));
        for_two.unwrap();
        assert!(matches!(for_one_again, Err(Error::Full)));
        ring.try_put_first(&[4; 8]).unwrap();
        get(&ring);
    }
    kill(pid(&sleeper), Signal::SIGCONT).unwrap();
    get(&ring);
    sleeper.join_success().unwrap();
    in_time
}

fn the_dead_do_not_hold_up_the_line() {
    let ring = ring();
    fill(&ring);
    let first = putter(&ring, 1, WHOLE);
    let second = putter(&ring, 2, WHOLE);
    let third = putter(&ring, 3, 8);
    for dead in [second, first] {
        dead.kill().unwrap();
        dead.join().unwrap();
    }
    get(&ring);
    third.join_success().unwrap();
    get(&ring);
    ring.try_put(&[0; 8]).unwrap();
}

fn a_stopped_putter_holds_up_the_others_once() {
    let ring = ring();
    fill(&ring);
    let stopped = putter(&ring, 1, WHOLE);
    kill(pid(&stopped), Signal::SIGSTOP).unwrap();
    let others = [2, 3].map(|mark| putter(&ring, mark, WHOLE));
    while get(&ring) == [0; 8] {}
    get(&ring);
    others
        .iter()
        .for_each(|child| child.join_success().unwrap());
    // It is not in line any more, but its item comes.
    ring.try_put(&[4; WHOLE]).unwrap();
    kill(pid(&stopped), Signal::SIGCONT).unwrap();
    assert_eq!((get(&ring)[0], get(&ring)[0]), (4, 1));
    stopped.join_success().unwrap();
}

fn who_gives_up_leaves_the_line() {
    let ring = ring();
    fill(&ring);
    let small = putter(&ring, 2, 8);
    let result = ring.put(&[1; WHOLE], Deadline::after(Duration::from_millis(5)));
    assert!(matches!(result, Err(Error::Full)));
    get(&ring);
    get(&ring);
    ring.put(&[3; 8], Deadline::NEVER).unwrap();
    small.join_success().unwrap();
}

fn a_closed_queue_has_no_line() {
    let ring = ring();
    fill(&ring);
    let put = || {
        let result = ring.put(&[1; WHOLE], Deadline::NEVER);
        i32::from(!matches!(result, Err(Error::Closed)))
    };
    let putters = [(); 100].map(|()| Process::spawn("putter", put).unwrap());
    while !putters.iter().all(is_asleep) {
        thread::yield_now();
    }
    ring.close();
    putters
        .iter()
        .for_each(|child| child.join_success().unwrap());
}

fn more_putters_than_the_line_is_long() {
    let ring = ring();
    let put = || (0..30).for_each(|_| ring.put(&[1; WHOLE], Deadline::NEVER).unwrap());
    let putters = [(); 100].map(|()| Process::spawn("putter", put).unwrap());
    for _ in 0..30 * 100 {
        get(&ring);
    }
    putters
        .iter()
        .for_each(|child| child.join_success().unwrap());
}

/// Killed wherever they are, in the line or not: each item comes whole and in
/// its producer's order, and in the end there is no line.
fn killed_putters_of_all_sizes() {
    let ring = Ring::new(40, WHOLE, 0).unwrap();
    let bytes = |round: u8, n: u8| {
        let mut bytes = vec![n; usize::from(n) * 41 % (WHOLE - 1)];
        bytes.extend([n, round]);
        bytes
    };
    let put = |round: u8| {
        for n in (0..=u8::MAX).cycle() {
            ring.put(&bytes(round, n), Deadline::NEVER).unwrap();
        }
    };
    let mut last = [None::<u8>; 256];
    let mut take = |item: Vec<u8>| {
        let [.., n, round] = item[..] else {
            panic!("a torn item")
        };
        assert_eq!(item, bytes(round, n), "an item is harmed");
        let before = last[usize::from(round)].replace(n);
        assert_eq!(n, before.map_or(0, |n| n.wrapping_add(1)));
    };
    for round in 0..60 {
        let victims = [3 * round, 3 * round + 1, 3 * round + 2]
            .map(|round| Process::spawn("victim", move || put(round)).unwrap());
        for _ in 0..fastrand::u32(..200) {
            take(get(&ring));
        }
        for victim in victims {
            victim.kill().unwrap();
            victim.join().unwrap();
            for _ in 0..fastrand::u32(..10) {
                let mut item = Vec::new();
                if ring.try_get(&mut item).is_ok() {
                    take(item);
                }
            }
        }
    }
    let mut item = Vec::new();
    while ring.try_get(&mut item).is_ok() {
        take(std::mem::take(&mut item));
    }
    ring.try_put(&[0; WHOLE]).unwrap();
}

fn pid(child: &Process) -> Pid {
    Pid::from_raw(child.pid().cast_signed())
}
