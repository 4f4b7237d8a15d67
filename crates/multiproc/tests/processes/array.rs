//! `multiproc::shared::Array`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::checks;
use multiproc::process::{ExitStatus, Process, SpawnError};
use multiproc::shared::{Array, Claimed, Shared};

use crate::Check;

pub(crate) const CHECKS: &[Check] = checks![
    children_fill_their_parts,
    no_two_write_one_element,
    readers_share_and_writers_wait,
    a_dead_writer_is_told_until_somebody_writes,
    a_dead_reader_is_in_nobodys_way,
    killed_writers_leave_old_and_new,
    claiming_twice_panics,
    parts_that_are_not_there,
    no_fork_with_a_claim,
    as_many_claims_as_there_are_slots,
    claims_of_the_dead_are_used_again,
    a_forgotten_claim,
    nothing_at_all,
];

fn panics(act: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(act)).is_err()
}

fn died<G>(claimed: Claimed<G>) -> Option<G> {
    claimed.err().map(|died| died.into_inner())
}

fn children_fill_their_parts() {
    let array = Array::in_parts(64, 1000, |index| index as u64).unwrap();
    let fill = |child: usize| {
        for part in (child..array.parts()).step_by(4) {
            let mut part = array.write(part..=part).unwrap();
            part.iter_mut().for_each(|element| *element *= 3);
        }
    };
    let children = [0, 1, 2, 3].map(|child| Process::spawn("filler", move || fill(child)).unwrap());
    children
        .iter()
        .for_each(|child| child.join_success().unwrap());
    let all = array.read(..).unwrap();
    assert!(all.iter().copied().eq((0..64_000).map(|index| 3 * index)));
}

/// Stretches that overlap, of all lengths, each changed in full.
fn no_two_write_one_element() {
    const PARTS: usize = 24;
    let array = Array::in_parts(PARTS, 16, |_| 0_u64).unwrap();
    let written = Shared::slice(PARTS, |_| AtomicU32::new(0)).unwrap();
    let add = |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3_000 {
            let start = random.usize(..PARTS);
            let end = random.usize(start..=PARTS.min(start + 5));
            if random.bool() {
                let mut parts = array.write(start..end).unwrap();
                let before = parts.to_vec();
                thread::yield_now();
                parts
                    .iter_mut()
                    .zip(before)
                    .for_each(|(new, old)| *new = old + 1);
                written[start..end].iter().for_each(|part| {
                    part.fetch_add(1, Ordering::Relaxed);
                });
            } else {
                let parts = array.read(start..end).unwrap();
                thread::yield_now();
                for part in parts.chunks(16) {
                    assert!(
                        part.iter().all(|element| *element == part[0]),
                        "half written"
                    );
                }
            }
        }
    };
    let children = [1, 2, 3, 4].map(|seed| Process::spawn("adder", move || add(seed)).unwrap());
    children
        .iter()
        .for_each(|child| child.join_success().unwrap());
    let all = array.read(..).unwrap();
    for (part, written) in all.chunks(16).zip(written.iter()) {
        let written = u64::from(written.load(Ordering::Relaxed));
        assert!(part.iter().all(|element| *element == written));
    }
}

fn readers_share_and_writers_wait() {
    let array = Array::in_parts(4, 2, |_| 0_u8).unwrap();
    let reading = array.read(1..3).unwrap();
    let again = array.read(..).unwrap();
    drop(again);
    let other = || {
        assert!(array.try_read(1..3).unwrap().is_ok());
        assert!(array.try_write(..2).is_none());
        assert!(array.write_timeout(2.., Duration::from_millis(5)).is_none());
        assert!(array.try_write(..1).unwrap().is_ok());
        assert!(array.try_write(3..).unwrap().is_ok());
    };
    thread::scope(|scope| scope.spawn(other).join().unwrap());
    // A waiting writer gets its claim when the reader gives up his.
    thread::scope(|scope| {
        let writer = scope.spawn(|| array.write(..).unwrap().fill(1));
        drop(reading);
        writer.join().unwrap();
    });
    assert_eq!(array.read(..).unwrap()[..], [1; 8]);
}

/// A child that writes a part in full, all but the last element, and is killed.
fn kill_while_writing(array: &Array<u64>, part: usize) {
    let ready = Shared::new(AtomicU32::new(0)).unwrap();
    let child = Process::spawn("writer", || {
        let mut elements = array
            .write(part..=part)
            .unwrap_or_else(|died| died.into_inner());
        let (_, all_but_last) = elements.split_last_mut().unwrap();
        all_but_last.fill(2);
        ready.store(1, Ordering::SeqCst);
        loop {
            thread::park();
        }
    });
    let child = child.unwrap();
    while ready.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    child.kill().unwrap();
    child.join().unwrap();
}

fn a_dead_writer_is_told_until_somebody_writes() {
    let array = Array::in_parts(3, 4, |_| 1_u64).unwrap();
    kill_while_writing(&array, 1);
    // Other parts are not affected.
    assert!(array.read(..1).is_ok() && array.write(2..).is_ok());
    for _ in 0..2 {
        let parts = died(array.read(..)).unwrap();
        assert_eq!(parts[..], [1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1]);
    }
    // Not written to.
    drop(died(array.write(1..2)).unwrap());
    assert!(array.read(1..2).is_err());
    // Killed in its turn.
    kill_while_writing(&array, 1);
    died(array.write(1..2)).unwrap().fill(3);
    assert!(array.read(..).is_ok() && array.write(..).is_ok());
}

fn a_dead_reader_is_in_nobodys_way() {
    let array = Array::in_parts(3, 4, |_| 1_u64).unwrap();
    for _ in 0..20 {
        let child = Process::spawn("reader", || {
            let _reading = array.read(..).unwrap();
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
        });
        child.unwrap().join().unwrap();
        assert!(array.try_write(1..2).unwrap().is_ok());
        assert!(array.try_read(..).unwrap().is_ok());
    }
}

fn killed_writers_leave_old_and_new() {
    const SIZE: usize = 5_000;
    let array = Array::in_parts(3, SIZE, |_| 0_u64).unwrap();
    let write = |mark: u64| {
        loop {
            for part in 0..3 {
                let part = array.write(part..=part);
                part.unwrap_or_else(|died| died.into_inner()).fill(mark);
            }
        }
    };
    // And on, until one was killed while it wrote.
    let (mut round, mut told) = (0, 0);
    while round < 100 || told == 0 {
        round += 1;
        let child = Process::spawn("writer", || write(round)).unwrap();
        while !child_has_written(&array, round) {
            thread::yield_now();
        }
        thread::sleep(Duration::from_micros(fastrand::u64(..300)));
        child.kill().unwrap();
        child.join().unwrap();
        for part in 0..3 {
            let claimed = array.write(part..=part);
            let finished = claimed.is_ok();
            let mut elements = claimed.unwrap_or_else(|died| died.into_inner());
            let count = |mark| elements.iter().filter(|element| **element == mark).count();
            let (old, new) = (count(0), count(round));
            assert_eq!(old + new, SIZE);
            assert!(!finished || old == SIZE || new == SIZE, "told as finished");
            told += usize::from(!finished);
            elements.fill(0);
        }
    }
}

fn child_has_written(array: &Array<u64>, mark: u64) -> bool {
    let part = array.read(..1);
    part.is_ok_and(|part| part[0] == mark)
}

fn claiming_twice_panics() {
    let array = Array::in_parts(3, 4, |_| 0_u8).unwrap();
    let first = array.write(..2).unwrap();
    let twice = || panics(|| drop(array.read(1..)));
    assert!(twice());
    // The table is as it was.
    assert!(array.try_read(2..).is_some());
    drop(first);
    assert!(!twice());
    let child = Process::spawn("twice", || {
        let _first = array.read(..).unwrap();
        let _second = array.write(..1);
    });
    assert_eq!(child.unwrap().join().unwrap(), ExitStatus::Code(101));
    assert!(array.write(..).is_ok());
}

fn parts_that_are_not_there() {
    let array = Array::in_parts(3, 4, |_| 0_u8).unwrap();
    assert!(array.write(3..).unwrap().is_empty());
    for wrong in [2..4, 4..4, 0..usize::MAX] {
        assert!(panics(|| drop(array.write(wrong))));
    }
    assert!(panics(|| drop(array.read(..=usize::MAX))));
    assert!(Array::in_parts(usize::MAX, 2, |_| 0_u8).is_err());
    assert!(Array::in_parts(1 << 40, 1 << 20, |_| 0_u64).is_err());
}

fn no_fork_with_a_claim() {
    let array = Array::in_parts(3, 4, |_| 0_u8).unwrap();
    let reading = array.read(..1).unwrap();
    let refused = Process::spawn("child", || ());
    assert!(matches!(refused, Err(SpawnError::LockHeld)));
    drop(reading);
    Process::spawn("child", || ())
        .unwrap()
        .join_success()
        .unwrap();
}

fn as_many_claims_as_there_are_slots() {
    let array = Array::in_parts(3, 4, |_| 0_u8).unwrap();
    let claims: Vec<_> = (0..10_000).map_while(|_| array.try_read(..1)).collect();
    assert_eq!(claims.len(), 512);
    assert!(array.try_read(1..).is_none());
    // It would wait for ever.
    assert!(panics(|| drop(array.read(1..))));
    drop(claims);
    assert!(array.try_write(..).is_some());
}

fn claims_of_the_dead_are_used_again() {
    let array = Array::in_parts(600, 1, |_| 0_u64).unwrap();
    for part in 0..600 {
        let child = Process::spawn("writer", || {
            let _writing = array.write(part..=part).unwrap();
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
        });
        child.unwrap().join().unwrap();
    }
    assert!((0..600).all(|part| array.try_write(part..=part).unwrap().is_err()));
}

fn a_forgotten_claim() {
    for _ in 0..3 {
        let array = Array::in_parts(3, 4, |_| 0_u8).unwrap();
        let other = Array::in_parts(3, 4, |_| 0_u8).unwrap();
        std::mem::forget(array.write(..2).unwrap());
        assert!(thread::scope(|scope| scope
            .spawn(|| array.try_read(..).is_none())
            .join()
            .unwrap()));
        drop(array);
        other.write(..).unwrap().fill(1);
    }
}

fn nothing_at_all() {
    for (parts, size) in [(0, 5), (5, 0), (0, 0)] {
        let array = Array::in_parts(parts, size, |_| 0_u64).unwrap();
        assert!(array.read(..).unwrap().is_empty() && array.write(..).unwrap().is_empty());
    }
    let units = Array::in_parts(2, 3, |_| ()).unwrap();
    assert_eq!(units.read(1..).unwrap().len(), 3);
}
